"""What a person sees while the show runs: a live picture, or plain lines."""
import shutil
import sys
import threading

SLOTS = 16384


class PlainLines:
    """One line for each beginning and each end; for logs."""

    def __init__(self, api):
        self.api = api
        self.load = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def title(self, text):
        print(f".. {text}", flush=True)

    def done(self, text):
        print(f"ok {text}", flush=True)


class Picture:
    """Redrawn twice a second: shards, slot bars, keys, writes, what is going on."""

    def __init__(self, api):
        self.api = api
        self.load = None
        self.text = ""
        self.figures = None  # of the load, as seen last
        self.finished = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        sys.stdout.write("\x1b[?25l\x1b[2J")
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(5)
        self._draw()  # what has happened since, too
        sys.stdout.write("\x1b[?25h\n")

    def title(self, text):
        self.text = text

    def done(self, text):
        self.finished.append(text)

    def _run(self):
        while not self.stopping.is_set():
            self._draw()
            self.stopping.wait(0.5)

    def _draw(self):
        try:
            lines = self._lines()
        except Exception as error:  # the picture must not end the show
            lines = [f"(not to be seen now: {error})"]
        width, height = shutil.get_terminal_size()
        screen = "\x1b[H" + "".join(f"{line[:width]}\x1b[K\n" for line in lines[:height - 1]) + "\x1b[J"
        sys.stdout.write(screen)
        sys.stdout.flush()

    def _bar(self, ranges, width=48):
        cells = [0] * width
        for first, last in ranges:
            for cell in range(first * width // SLOTS, last * width // SLOTS + 1):
                cells[cell] = 1
        return "".join("█" if c else "·" for c in cells)

    def _figures(self):
        """The load's; once its books are being closed, those of before."""
        try:
            self.figures = self.load.status() if self.load else None
        except RuntimeError:
            pass
        return self.figures

    def _lines(self):
        lines = [f"Windlass   {self.text}", ""]
        status = self.api.status()
        operation = status.get("operation") or {}
        lines.append(f"{status.get('phase', 'no cluster yet'):<12} shards {status.get('shards', 0)}"
                     f"   ready {status.get('readyShards', 0)}   {operation.get('kind', '')} {operation.get('step', '')}"
                     f" {operation.get('progressPercent', '')}")
        lines.append("")
        for row in self.api.topology():
            bar = self._bar(row["ranges"]) if row["ranges"] else ""
            lines.append(f"  {row['name']:<10} {row['state']:<8} {row['keys']:>8} keys  {bar}")
        lines.append("")
        if figures := self._figures():
            lines.append(f"  {figures['writes_per_second']:>7.0f} writes/s   {figures['live_keys']:,} keys   "
                         f"longest wait {figures['longest_wait_ms']:.0f} ms   moved {figures['moved']} ask {figures['ask']}"
                         f"   errors {figures['clusterdown'] + figures['readonly'] + figures['loading']}"
                         f"   failed {figures['failed']}")
            lines.append("")
        lines += [f"  operator  {event}" for event in self.api.events()[-6:]]
        lines.append("")
        lines += [f"  ✓ {text}" for text in self.finished]
        return lines
