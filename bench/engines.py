"""The two engines that bench/compare sets side by side: how each is started, asked, killed, measured and taken down."""

import http.client
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
TRAFFIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "traffic.py")


def fail(sentence):
    print(f"bench: {sentence}", file=sys.stderr)
    sys.exit(1)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """One engine: its processes, its socket, its docker CLI."""

    def __init__(self, name, root, short):
        self.name, self.root, self.short = name, os.path.join(root, short), short
        self.socket = os.path.join(self.root, "run/engine.sock")
        self.namespace = f"pbench-{short}-{os.getpid()}"
        self.cgroup = f"pbench-{short}-{os.getpid()}"
        os.makedirs(os.path.join(self.root, "run"))
        self.programs = os.path.join(self.root, "bin")
        self.environment = dict(
            os.environ, DOCKER_HOST=f"unix://{self.socket}", DOCKER_CONFIG=os.path.join(self.root, "cli"), PATH=self.programs + ":" + os.environ["PATH"])
        self.process = None
        self.registry = None
        self.servers = []
        self.command = []
        self.log = open(os.path.join(self.root, "log"), "wb")

    def own(self, *programs):
        """Copies of the engine's programs: their pages are then shared among its processes only, whatever else runs on this machine."""
        os.makedirs(self.programs)
        for program in programs:
            if found := shutil.which(program):
                shutil.copy(found, self.programs)

    def start(self, command):
        self.command = command
        subprocess.run(["ip", "netns", "add", self.namespace], check=True)
        subprocess.run(["ip", "-n", self.namespace, "link", "set", "lo", "up"], check=True)
        self.spawn()

    def spawn(self):
        """Starts the engine's process and waits until it answers."""
        # Only the network: `ip netns exec` would also hide the cgroups below a new /sys.
        self.process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.namespace}", *self.command], env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True)
        deadline = time.monotonic() + 120
        while True:
            try:
                if self.api("GET", "/_ping")[0] == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.log.name, errors="replace") as log:
                    print(log.read()[-3000:], file=sys.stderr)
                fail(f"{self.name} did not start; its last words are above.")
            time.sleep(0.02)

    def start_registry(self, store):
        """A registry that only this engine reaches, with a store that others may have too."""
        configuration = os.path.join(self.root, "registry.yml")
        with open(configuration, "w") as file:
            file.write(f'version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {store}}}}}\nhttp: {{addr: "127.0.0.1:5000"}}\n')
        self.registry = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.namespace}", "docker-registry", "serve", configuration], stdout=self.log, stderr=self.log, start_new_session=True)
        time.sleep(1)

    def stop_registry(self):
        if self.registry:
            self.registry.terminate()
            self.registry.wait()
            self.registry = None

    @property
    def host(self):
        """The network of the engine's host."""
        return f"/run/netns/{self.namespace}"

    @property
    def other_host(self):
        """The network of a host beside it."""
        return self.host + "-o"

    @property
    def address(self):
        """The host's own, once it is open to others."""
        return self.prefix + ".1"

    def inside(self, container):
        """The network of a container."""
        return f"/proc/{self.docker('inspect', '-f', '{{.State.Pid}}', container)}/ns/net"

    def open_to_others(self, prefix):
        """Gives the engine's host another one beside it, on a cable."""
        self.prefix = prefix
        other = os.path.basename(self.other_host)
        subprocess.run(["ip", "netns", "add", other], check=True)
        subprocess.run(["ip", "-n", self.namespace, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", other], check=True)
        for namespace, number in ((self.namespace, 1), (other, 2)):
            subprocess.run(["ip", "-n", namespace, "address", "add", f"{prefix}.{number}/24", "dev", "cable"], check=True)
            subprocess.run(["ip", "-n", namespace, "link", "set", "cable", "up"], check=True)

    def close_to_others(self):
        for server in self.servers:
            server.kill()
            server.wait()
        self.servers = []
        # The cable goes with its end.
        subprocess.run(["ip", "netns", "delete", os.path.basename(self.other_host)], capture_output=True)

    def serve(self, container, port):
        """Takes what bench/traffic.py sends, inside a container's network."""
        self.servers.append(subprocess.Popen(
            ["nsenter", f"--net={self.inside(container)}", sys.executable, TRAFFIC, "serve", str(port)], stdout=self.log, stderr=self.log, start_new_session=True))
        time.sleep(0.5)

    def traffic(self, place, *words):
        """Sends what bench/traffic.py sends, from inside a network; returns the time it took."""
        result = subprocess.run(["nsenter", f"--net={place}", sys.executable, TRAFFIC, *map(str, words)], capture_output=True, text=True)
        if result.returncode != 0:
            fail(f"traffic '{' '.join(map(str, words))}' on {self.name} failed: {result.stderr.strip()[-300:]}")
        return float(result.stdout)

    def docker(self, *arguments):
        result = subprocess.run(["docker", *arguments], env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if result.returncode != 0:
            fail(f"'docker {' '.join(arguments)}' on {self.name} failed: {result.stderr.strip()}")
        return result.stdout.strip()

    def timed(self, *arguments):
        begin = time.monotonic()
        self.docker(*arguments)
        return time.monotonic() - begin

    def api(self, method, path, body=None):
        connection = UnixConnection(self.socket)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def expect(self, method, path, body=None):
        status, content = self.api(method, path, body)
        if status >= 400:
            fail(f"{method} {path} on {self.name} answered {status}: {content[:300]!r}")
        return json.loads(content) if content[:1] in (b"{", b"[") else None

    def open(self, path):
        """A stream, raw: the head and the chunks are counted as they come, so that reading costs the same for both engines."""
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(300)
        stream.connect(self.socket)
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n".encode())
        return stream

    def exec_at_api(self, container):
        begin = time.monotonic()
        made = self.expect("POST", f"/containers/{container}/exec", {"Cmd": ["true"], "AttachStdout": True, "AttachStderr": True})
        self.api("POST", f"/exec/{made['Id']}/start", {"Detach": False, "Tty": False})
        if self.expect("GET", f"/exec/{made['Id']}/json")["ExitCode"] != 0:
            fail(f"the exec on {self.name} failed")
        return time.monotonic() - begin

    def start_many(self, count, first=0):
        """Creates and starts containers from as many clients at once; returns the wall time until all have started."""
        failures = []

        def one(number):
            try:
                made = self.expect("POST", f"/containers/create?name=many{number}", {"Image": "busybox", "Cmd": ["sleep", "3600"]})
                self.expect("POST", f"/containers/{made['Id']}/start")
            except BaseException as failure:  # noqa: BLE001 - reported by the caller's thread
                failures.append(failure)

        threads = [threading.Thread(target=one, args=(n,)) for n in range(first, first + count)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.monotonic() - begin
        if failures:
            fail(f"{len(failures)} of {count} parallel starts on {self.name} failed: {failures[0]}")
        return wall

    def running(self):
        return [container["Id"] for container in self.expect("GET", "/containers/json")]

    def populate(self, count):
        """Sees to it that so many containers run, started in tens."""
        have = len(self.running())
        while have < count:
            batch = min(10, count - have)
            self.start_many(batch, first=have)
            have += batch

    def init_pids(self):
        """The first process of each running container."""
        return {container: self.expect("GET", f"/containers/{container}/json")["State"]["Pid"] for container in self.running()}

    def clear(self):
        containers = subprocess.run(["docker", "ps", "-aq"], env=self.environment, capture_output=True, text=True).stdout.split()
        for begin in range(0, len(containers), 25):
            subprocess.run(["docker", "rm", "-f", *containers[begin:begin + 25]], env=self.environment, capture_output=True)

    def follow_stats(self, seconds):
        """One stats stream per running container, as `docker stats` opens them; returns the processor seconds the engine took."""
        selector = selectors.DefaultSelector()
        objects = {}
        begin = self.processor_seconds()
        deadline = time.monotonic() + seconds
        for container in self.running():
            stream = self.open(f"/containers/{container}/stats?stream=1")
            selector.register(stream, selectors.EVENT_READ)
            objects[stream] = 0
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                data = key.fileobj.recv(65536)
                if not data:
                    fail(f"{self.name} ended a stats stream")
                objects[key.fileobj] += data.count(b'"preread"')
        taken = self.processor_seconds() - begin
        for stream in objects:
            stream.close()
        selector.close()
        if min(objects.values()) < seconds / 3:
            fail(f"{self.name} sent {min(objects.values())} objects in {seconds} s on one of {len(objects)} stats streams")
        return taken

    def read_log(self, path, lines, mark):
        """Reads a log stream to its end; all lines have to be in it."""
        stream = self.open(path)
        seen, buffer, tail = 0, bytearray(1 << 20), b""
        while (count := stream.recv_into(buffer)) > 0:
            data = tail + bytes(memoryview(buffer)[:count])
            seen += data.count(mark)
            # A mark that is split over two reads is counted with the second.
            tail = data[-(len(mark) - 1):]
        stream.close()
        # A mark may also be split by the head of a chunk.
        if seen < lines * 0.99:
            fail(f"{self.name} gave {seen} of {lines} log lines")

    def restart(self, count):
        """Kills the engine and starts it again; returns the times to its first answer, and to all containers listed and one exec in three of them."""
        before = self.init_pids()
        begin = time.monotonic()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.spawn()
        answered = time.monotonic() - begin
        while len(listed := self.running()) < count:
            if time.monotonic() - begin > 120:
                fail(f"{self.name} lists {len(listed)} of {count} containers after a restart")
            time.sleep(0.02)
        for container in (listed[0], listed[len(listed) // 2], listed[-1]):
            self.exec_at_api(container)
        ready = time.monotonic() - begin
        if self.init_pids() != before:
            fail(f"containers of {self.name} did not survive its restart")
        return answered, ready

    def processes(self):
        """The engine's own processes: daemon, containerd, shims or monitors; not what runs inside containers."""
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            program = os.path.basename(words[0]).decode(errors="replace")
            known = program.startswith(("dockerd", "containerd", "portal-agent", "conmon", "docker-proxy"))
            if known and any(self.root.encode() in word for word in words):
                yield int(entry)

    def memory(self):
        """Proportional set size of the engine's processes, in KiB: shared pages are split among their users."""
        total = 0
        for process in self.processes():
            try:
                with open(f"/proc/{process}/smaps_rollup") as file:
                    total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            except OSError:
                continue
        return total

    def processor_seconds(self):
        """User and system time of the engine's processes and of the helpers they have waited for."""
        total = 0
        for process in self.processes():
            try:
                with open(f"/proc/{process}/stat") as file:
                    total += sum(int(field) for field in file.read().rpartition(")")[2].split()[11:15])
            except OSError:
                continue
        return total / TICK

    def stop(self):
        self.stop_registry()
        self.close_to_others()
        if self.process is not None:
            if self.process.poll() is None:
                self.clear()
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(30)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
            self.after_stop()
        subprocess.run(["ip", "netns", "delete", self.namespace], capture_output=True)
        self.log.close()

    def after_stop(self):
        pass

    def remove_cgroups(self):
        base = "/sys/fs/cgroup"
        for place in [base, *(os.path.join(base, name) for name in os.listdir(base))]:
            for top, _, _ in os.walk(os.path.join(place, self.cgroup), topdown=False):
                try:
                    with open(os.path.join(top, "cgroup.procs")) as file:
                        # An engine that was lost leaves its containers behind.
                        left = [int(line) for line in file]
                    for process in left:
                        os.kill(process, signal.SIGKILL)
                    if left:
                        time.sleep(0.05)
                    os.rmdir(top)
                except OSError:
                    pass


class DockerEngine(Engine):
    """dockerd beside a containerd of its own, as distributions install it: a restart of the one leaves the other alone."""

    # Where shims put their sockets, whatever containerd is told.
    SHIMS = ("/run/containerd/s", "/run/containerd")

    def launch(self):
        self.made = [folder for folder in self.SHIMS if not os.path.exists(folder)]
        self.own("dockerd", "containerd", "containerd-shim-runc-v2", "runc", "docker-proxy")
        address = os.path.join(self.root, "run/containerd.sock")
        with open(os.path.join(self.root, "containerd.toml"), "w") as file:
            file.write(
                f'version = 2\nroot = "{self.root}/containerd"\nstate = "{self.root}/run/containerd"\n'
                f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{address}"\n')
        self.companion = subprocess.Popen(
            [os.path.join(self.programs, "containerd"), "--config", file.name, "--log-level", "warn"],
            env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True)
        with open(os.path.join(self.root, "daemon.json"), "w") as file:
            file.write('{"live-restore": true}\n')
        self.start([
            os.path.join(self.programs, "dockerd"), "--config-file", file.name, "--host", f"unix://{self.socket}", "--containerd", address,
            "--data-root", os.path.join(self.root, "data"), "--exec-root", os.path.join(self.root, "exec"), "--pidfile", os.path.join(self.root, "pid"),
            "--bip", "172.27.0.1/16", "--cgroup-parent", "/" + self.cgroup, "--log-level", "warn"])

    def after_stop(self):
        # The shims end with their containers; one that does not is ours to end, and containerd is in any case.
        for process in list(self.processes()):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.companion.wait()
        self.remove_cgroups()
        for folder in self.made:
            try:
                os.rmdir(folder)
            except OSError:
                pass


class PortalEngine(Engine):
    def __init__(self, name, root, short, program):
        super().__init__(name, root, short)
        self.program = program

    def launch(self):
        self.own(self.program, "conmon", "crun")
        self.program = os.path.join(self.programs, os.path.basename(self.program))
        self.roots = ["--data-root", os.path.join(self.root, "data"), "--run-root", os.path.join(self.root, "run"),
                      "--bridge-name", "pbench0", "--bridge-subnet", "172.26.0.0/16", "--cgroup-parent", "/" + self.cgroup,
                      "--conmon", os.path.join(self.programs, "conmon"), "--oci-runtime", os.path.join(self.programs, "crun")]
        self.start([self.program, "--socket", self.socket, "--socket-group", "root", *self.roots])

    def after_stop(self):
        subprocess.run(["nsenter", f"--net=/run/netns/{self.namespace}", self.program, "teardown", *self.roots], stdout=self.log, stderr=self.log)
        self.remove_cgroups()
