"""How much of a GPU's memory a program takes, as nvidia-smi sees it from outside."""

import subprocess
import threading


class GpuMemory:
    """Watches a CUDA device while it is open: peak_bytes above what was used at the start.

    Another program that takes memory meanwhile counts, too, so the GPU must be free. Asking for one
    process's memory would not do: in a container nvidia-smi lists none. 0 on other devices and where
    there is no nvidia-smi. nvidia-smi's numbers: CUDA_VISIBLE_DEVICES is not looked at.
    """

    def __init__(self, device: str):
        self.device, self.peak_bytes = device, 0
        self._watcher = self._thread = None

    def __enter__(self) -> "GpuMemory":
        name, _, index = self.device.partition(":")
        if name != "cuda":
            return self
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits",
                 f"--id={index or 0}", "--loop-ms=100"]
        try:
            self._watcher = subprocess.Popen(query, stdout=subprocess.PIPE, text=True,
                                             stderr=subprocess.DEVNULL)
        except OSError:
            return self
        first = self._watcher.stdout.readline().strip()  # before the program starts
        if first.isdigit():
            self._thread = threading.Thread(target=self._watch, args=(int(first),))
            self._thread.start()
        return self

    def _watch(self, before: int) -> None:
        for line in self._watcher.stdout:
            if line.strip().isdigit():
                self.peak_bytes = max(self.peak_bytes, (int(line) - before) * 2**20)

    def __exit__(self, *_) -> None:
        if self._watcher is None:
            return
        self._watcher.terminate()
        if self._thread is not None:
            self._thread.join()
        self._watcher.wait()
        self._watcher.stdout.close()
