"""Clusters that a test is done with: they go while the next test begins."""

import threading


class Leaving:
    def __init__(self):
        self._threads, self._errors = [], []

    def add(self, delete):
        def work():
            try:
                delete()
            except Exception as error:  # noqa: BLE001 - told by wait
                self._errors.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._threads.append(thread)

    def wait(self):
        """Until all are gone; for tests that measure, or take away what deletes them."""
        while self._threads:
            self._threads.pop().join()
        if self._errors:
            raise self._errors.pop()
