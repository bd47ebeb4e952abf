"""Programs that attack a sandbox, as a test of its confinement.

Each gets facts about the host as JSON on stdin, and prints what it obtained, or nothing. Where an
attack would do harm, its target is a decoy: a file, a socket or a process made for it.
"""

_FACTS = """
import ctypes, json, os, signal, socket, sys, time
facts = json.load(sys.stdin)
libc = ctypes.CDLL(None, use_errno=True)
def got(what):
    print(what, flush=True)
def tried(action, *words):
    try:
        return action(*words)
    except (OSError, MemoryError, ValueError, AttributeError):
        return None
"""

_READ = """
def text(path):
    with open(path, "rb") as file:
        return file.read(200)
"""

_TALK = """
def talk(family, kind, place):
    with socket.socket(family, kind) as line:
        line.settimeout(1)
        line.connect(place)
        line.send(b"secret")
        return True
"""

_BODIES = {
    "read a secret": _READ + "if tried(text, facts['secret']): got('the file was read')",
    "read /etc/shadow": _READ + "if tried(text, '/etc/shadow'): got('the file was read')",
    "read by a symbolic link": _READ
    + "tried(os.symlink, facts['secret'], 'link')\nif tried(text, 'link'): got('it was read')",
    "read by a hard link": _READ
    + "tried(os.link, facts['secret'], 'hard')\nif tried(text, 'hard'): got('it was read')",
    "read by climbing": _READ
    + "if tried(text, '../' * 20 + facts['secret']): got('the file was read')",
    "read by /proc": _READ
    + """
for pid in (1, os.getppid(), facts["victim"]):
    for way in ("root", "cwd"):
        if tried(text, f"/proc/{pid}/{way}/{facts['secret']}"): got(f"through {way} of {pid}")
""",
    "read environments": _READ
    + """
for pid in tried(os.listdir, "/proc") or ("1", str(os.getppid()), str(facts["victim"])):
    if pid.isdigit() and int(pid) != os.getpid() and tried(text, f"/proc/{pid}/environ"):
        got(f"of process {pid}")
""",
    "read memory and descriptors of others": _READ
    + """
for pid in (1, os.getppid(), facts["victim"]):
    if tried(os.open, f"/proc/{pid}/mem", os.O_RDONLY): got(f"memory of {pid}")
    for number in range(64):
        if tried(os.open, f"/proc/{pid}/fd/{number}", os.O_RDONLY): got(f"{number} of {pid}")
""",
    "use inherited descriptors": """
for number in range(3, 2048):
    if tried(os.fstat, number): got(f"descriptor {number}")
""",
    "write to the host": """
for folder in facts["folders"]:
    if tried(open, f"{folder}/{facts['token']}", "w"): got(f"a file in {folder}")
if tried(open, facts["secret"], "a"): got("the secret was changed")
""",
    "change a file of the host": """
if tried(lambda: os.chmod(facts["secret"], 0o777) or 1): got("permissions")
if tried(lambda: os.truncate(facts["secret"], 0) or 1): got("its length")
if tried(lambda: os.utime(facts["secret"], (0, 0)) or 1): got("its times")
if tried(lambda: os.unlink(facts["secret"]) or 1): got("its existence")
""",
    "speak TCP": _TALK
    + "if tried(talk, socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', facts['tcp'])): got('yes')",
    "speak UDP": _TALK
    + "tried(talk, socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', facts['udp']))",
    "speak to a unix socket": _TALK
    + "if tried(talk, socket.AF_UNIX, socket.SOCK_STREAM, facts['unix']): got('yes')",
    "speak to an abstract socket": _TALK
    + "if tried(talk, socket.AF_UNIX, socket.SOCK_STREAM, chr(0) + facts['token']): got('yes')",
    "eat memory": "if tried(bytearray, 3 << 30): got('3 GiB')",
    "fork without end": """
made = 0
for _ in range(80):
    child = tried(os.fork)
    if child == 0:
        time.sleep(30)
        os._exit(0)
    made += child is not None
if made >= facts["processes"]: got(f"{made} processes")
""",
    "fill the disk": """
written = 0
for number in range(20):
    file = tried(open, f"big{number}", "wb", 0)
    for _ in range(10):
        written += (tried(file.write, bytes(1 << 20)) if file else 0) or 0
    tried(os.unlink, f"big{number}")
    facts[number] = file
if written > facts["disk"]: got(f"{written >> 20} MiB")
""",
    "make files without end": """
made = 0
while made < 20_000 and (file := tried(open, f"file{made}", "w")):
    file.close()
    made += 1
if made >= 20_000: got(f"{made} files")
""",
    "fill memory through files": """
for name in ("whet", "more"):
    if hasattr(os, "memfd_create") and tried(os.memfd_create, name): got("a file in memory")
if libc.shmget(0, 1 << 20, 0o1600) >= 0: got("shared memory")
""",
    "trace others": """
for pid in (os.getppid(), facts["victim"]):
    for request in (16, 0x4206):
        if libc.ptrace(request, pid, 0, 0) == 0: got(f"process {pid}")
room = ctypes.create_string_buffer(8)
if libc.process_vm_readv(facts["victim"], room, 0, room, 0, 0) == 0: got("its memory")
""",
    "signal others": """
if tried(lambda: os.kill(facts["victim"], 0) or 1): got("the host's process")
if os.getppid() > 2 and tried(lambda: os.kill(os.getppid(), 0) or 1): got("the parent")
""",
    "kill a process of the host": """
tried(os.kill, facts["victim"], signal.SIGKILL)
""",
    "slow others": """
import resource
if tried(lambda: os.setpriority(os.PRIO_PROCESS, facts["victim"], 19) or 1): got("its priority")
if tried(resource.prlimit, facts["victim"], resource.RLIMIT_CPU): got("its limits")
if tried(lambda: os.sched_setaffinity(facts["victim"], {0}) or 1): got("its cores")
""",
    "become root": """
for action in (os.setuid, os.setgid):
    if os.getuid() and tried(lambda: action(0) or 1): got(action.__name__)
if os.getuid() == 0: got("it is root already")
""",
    "make namespaces": """
for name, flags in {"user": 0x10000000, "mount": 0x20000, "network": 0x40000000}.items():
    if libc.unshare(flags) == 0: got(name)
if libc.mount(b"tmpfs", b".", b"tmpfs", 0, None) == 0: got("a mount")
if libc.chroot(b".") == 0: got("a root folder of its own")
""",
    "reach the kernel's odd corners": """
for name, number in facts["calls"].items():
    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0 or ctypes.get_errno() not in (1, 38): got(name)
""",
    "outlive the program": """
if tried(os.fork) == 0:
    os.setsid()
    if tried(os.fork) == 0:
        libc.prctl(15, facts["token"].encode()[:15], 0, 0, 0)
        for number in range(3): os.close(number)
        time.sleep(60)
    os._exit(0)
time.sleep(0.2)
""",
}

ATTACKS = {name: _FACTS + body for name, body in _BODIES.items()}
