"""Owns what fails, by one seed: each fault lasts for some seconds and is healed. Never touches what operators and people do."""

import os
import secrets
import signal
import subprocess
import time

from bench import meter


class Faults:
    """The roads of one world, its servers and its program."""

    def __init__(self, world, random, note):
        self.world, self.random, self.note = world, random, note
        self.argus = world.through_argus_proxy()
        self.commands, self.notifications = world.through_zino_proxies()
        self.until, self.what, self.count = 0.0, None, {}

    ALL = ["argus refuses", "argus hangs", "argus 502", "argus 429", "argus slow", "argus answers late", "replies lost after execution",
           "argus cut", "zino cut", "zino refuses", "zino drops", "zino slow", "zino replies lost", "database connections end",
           "a worker of argus dies", "token replaced", "notifications drop", "zino restarts", "frozen", "killed", "stopped and started", "reloaded with changed settings", "a single run beside"]

    def go_on(self):
        """Begin a fault, or end the one that lasts long enough."""
        if self.what:
            if time.monotonic() > self.until:
                self.heal()
            return
        if self.random.random() < 0.5:
            self.what = self.random.choice(self.ALL)
            self.until = time.monotonic() + self.random.uniform(0.5, 6)
            self.count[self.what] = self.count.get(self.what, 0) + 1
            self.note(f"FAULT {self.what}")
            self.begin(self.what)
        else:
            self.until = time.monotonic() + 1

    def begin(self, what):
        """Have it fail."""
        argus, commands, notifications, world = self.argus, self.commands, self.notifications, self.world
        {
            "argus refuses": argus.refuse,
            "argus hangs": lambda: argus.rule("hang"),
            "argus 502": lambda: argus.rule("status", status=502),
            "argus 429": lambda: argus.rule("status", status=429),
            "argus slow": lambda: argus.rule("delay", seconds=0.7),
            "argus answers late": lambda: argus.rule("late", seconds=1.5),
            "replies lost after execution": lambda: argus.rule("lose", method="POST|PATCH", times=self.random.randrange(1, 6)),
            "argus cut": argus.cut,
            "zino cut": lambda: (commands.cut(), notifications.cut()),
            "zino refuses": lambda: (commands.refuse(), notifications.refuse()),
            "zino drops": commands.drop,
            "zino slow": lambda: commands.slow.update(GETATTRS=0.05, GETHIST=0.05, ADDHIST=0.3),
            "zino replies lost": lambda: commands.lose_reply(r"(ADDHIST|SETSTATE) .*", times=2),
            "database connections end": self.end_connections,
            "a worker of argus dies": self.kill_worker,
            "token replaced": self.replace_token,
            "notifications drop": notifications.drop,
            "zino restarts": self.restart_zino,
            "frozen": lambda: world.daemon.child.send(signal.SIGSTOP),
            "killed": self.kill,
            "stopped and started": lambda: (world.daemon.stop(), world.daemon.start()),
            "reloaded with changed settings": self.reload,
            "a single run beside": self.run_once,
        }[what]()

    def heal(self):
        """Everything works again."""
        what, self.what = self.what, None
        if what == "argus refuses":
            self.argus.listen()
        self.argus.heal()
        if what == "zino refuses":
            self.commands.listen()
            self.notifications.listen()
        elif what == "zino drops":
            self.commands.restore()
        elif what == "notifications drop":
            self.notifications.restore()
        elif what == "frozen":
            self.world.daemon.child.send(signal.SIGCONT)
        elif what == "token replaced":
            self.world.config["argus"]["token"] = self.world.source["token"]
            self.world.daemon.reload()
        self.commands.slow.clear()
        self.until = time.monotonic() + self.random.uniform(0.5, 4)
        if what:
            self.note(f"healed: {what}")

    def is_linked(self) -> bool:
        """Whether the program has both of its connections to Zino."""
        return bool(self.commands.links and self.notifications.links)

    def end_connections(self):
        """PostgreSQL ends every connection of Argus, as a restart or a failover of it does."""
        self.world.lab.cluster.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.world.argus_server.database}'")

    def kill_worker(self):
        """One of gunicorn's workers dies in the middle of what it does."""
        workers = meter.children(self.world.argus_server.child.process.pid)
        if workers:
            os.kill(self.random.choice(workers), signal.SIGKILL)

    def replace_token(self):
        """Argus has another token for the source; the administrator of the program learns of it when the fault is healed."""
        new = secrets.token_hex(20)
        self.world.argus_server.agent.ask("replace_token", key=self.world.source["token"], new=new)
        self.world.source["token"] = new

    def restart_zino(self):
        """With its newest state."""
        self.world.zino.ask("dump")
        self.world.zino.restart(gently=False)

    def kill(self):
        """The program gets no last word, and is started again."""
        self.world.daemon.kill()
        self.world.daemon.start()

    def reload(self):
        """Another number of connections and another interval."""
        self.world.config["argus"]["connections"] = self.random.choice([1, 2, 4, 8])
        self.world.config["sync"]["refresh_interval"] = self.random.choice([1, 2])
        self.world.daemon.reload()

    def run_once(self):
        """As an operator does who cannot wait."""
        try:
            self.world.daemon.run("--once", "--timeout", "8", deadline=20)
        except subprocess.TimeoutExpired as late:
            raise AssertionError("--once does not end within its time") from late
