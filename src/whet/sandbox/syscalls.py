"""Numbers of system calls that a guest may not make, on x86_64 and aarch64.

It uses the standard library only, because the sandbox's own processes import this file.
"""

import platform

DENIED = {
    "x86_64": """
    ptrace=101 process_vm_readv=310 process_vm_writev=311 process_madvise=440
    process_mrelease=448 kcmp=312 pidfd_getfd=438 unshare=272 setns=308 mount=165 umount2=166
    pivot_root=155 chroot=161 move_mount=429 open_tree=428 fsopen=430 fsconfig=431 fsmount=432
    fspick=433 mount_setattr=442 swapon=167 swapoff=168 keyctl=250 add_key=248 request_key=249
    bpf=321 perf_event_open=298 userfaultfd=323 io_uring_setup=425 io_uring_enter=426
    io_uring_register=427 open_by_handle_at=304 name_to_handle_at=303 kexec_load=246
    kexec_file_load=320 init_module=175 finit_module=313 delete_module=176 quotactl=179
    quotactl_fd=443 acct=163 reboot=169 sethostname=170 setdomainname=171 settimeofday=164
    clock_settime=227 clock_adjtime=305 adjtimex=159 syslog=103 memfd_create=319
    memfd_secret=447 shmget=29 msgget=68 semget=64 mq_open=240 socket=41 chmod=90 fchmod=91
    fchmodat=268 chown=92 fchown=93 lchown=94 fchownat=260 utime=132 utimes=235 utimensat=280
    futimesat=261 setxattr=188 lsetxattr=189 fsetxattr=190 removexattr=197 lremovexattr=198
    fremovexattr=199 inotify_init=253 inotify_init1=294 fanotify_init=300 personality=135
    setpriority=141 sched_setscheduler=144 sched_setparam=142 sched_setattr=314
    sched_setaffinity=203 ioprio_set=251 migrate_pages=256 move_pages=279 vhangup=153 iopl=172
    ioperm=173 modify_ldt=154 lookup_dcookie=212 uselib=134 mknod=133 mknodat=259
    """,
    "aarch64": """
    ptrace=117 process_vm_readv=270 process_vm_writev=271 process_madvise=440
    process_mrelease=448 kcmp=272 pidfd_getfd=438 unshare=97 setns=268 mount=40 umount2=39
    pivot_root=41 chroot=51 move_mount=429 open_tree=428 fsopen=430 fsconfig=431 fsmount=432
    fspick=433 mount_setattr=442 swapon=224 swapoff=225 keyctl=219 add_key=217 request_key=218
    bpf=280 perf_event_open=241 userfaultfd=282 io_uring_setup=425 io_uring_enter=426
    io_uring_register=427 open_by_handle_at=265 name_to_handle_at=264 kexec_load=104
    kexec_file_load=294 init_module=105 finit_module=273 delete_module=106 quotactl=60
    quotactl_fd=443 acct=89 reboot=142 sethostname=161 setdomainname=162 settimeofday=170
    clock_settime=112 clock_adjtime=266 adjtimex=171 syslog=116 memfd_create=279
    memfd_secret=447 shmget=194 msgget=186 semget=190 mq_open=180 socket=198 fchmod=52
    fchmodat=53 fchown=55 fchownat=54 utimensat=88 setxattr=5 lsetxattr=6 fsetxattr=7
    removexattr=14 lremovexattr=15 fremovexattr=16 inotify_init1=26 fanotify_init=262
    personality=92 setpriority=140 sched_setscheduler=119 sched_setparam=118 sched_setattr=274
    sched_setaffinity=122 ioprio_set=30 migrate_pages=238 move_pages=239 vhangup=58
    lookup_dcookie=18 mknodat=33
    """,
}
"""Other processes, mounts, keys, kernel memory, clocks, sockets, ownership and permissions."""

SIGNALS = {
    "x86_64": "kill=62 tkill=200 tgkill=234 "
    "rt_sigqueueinfo=129 rt_tgsigqueueinfo=297 pidfd_send_signal=424",
    "aarch64": "kill=129 tkill=130 tgkill=131 "
    "rt_sigqueueinfo=138 rt_tgsigqueueinfo=240 pidfd_send_signal=424",
}
"""Calls that send signals, for kernels with a Landlock that cannot forbid signals."""

FORKS = {"x86_64": "fork=57 vfork=58", "aarch64": ""}

JUDGED = {
    "x86_64": "clone=56 clone3=435 prlimit64=302 ioctl=16 fcntl=72",
    "aarch64": "clone=220 clone3=435 prlimit64=261 ioctl=29 fcntl=25",
}
"""Calls that are allowed or not depending on their arguments."""

LATEST = 451  # later calls fail as unknown
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def numbers(table: dict[str, str]) -> dict[str, int]:
    """The entries of a table for this machine. Raises `KeyError` for an unknown architecture."""
    pairs = (word.split("=") for word in table[platform.machine()].split())
    return {name: int(number) for name, number in pairs}
