"""A child that is forked while another thread writes to the collection can write too."""

from _case import check, child, end, within

within(150)
CODE = """
import os, signal, threading, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from lookalike.search import Collection
# A generator that another thread uses has a lock of NumPy's, held in the child for ever.
own = np.random.default_rng(1)
rng = np.random.default_rng(0); kept = Collection(); kept.add(np.arange(2000), rng.normal(size=(2000, 32)))
stop = False
def write():
    n = 10_000
    while not stop:
        kept.add(np.arange(n, n + 200), rng.normal(size=(200, 32))); n += 200
        if n > 60_000: time.sleep(0.01)
thread = threading.Thread(target=write); thread.start(); hung = 0
for i in range(12):
    time.sleep(0.02 + 0.003 * i)
    pid = os.fork()
    if pid == 0:
        kept.add([10**6 + i], own.normal(size=(1, 32))); os._exit(0)
    until = time.time() + 2
    while time.time() < until:
        if os.waitpid(pid, os.WNOHANG)[0]: break
        time.sleep(0.01)
    else:
        hung += 1; os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
stop = True; thread.join(); print("hung", hung)
"""
how, said = child(CODE, seconds=50)
check("12 children that add one row each", "hung 0" in said, "none hangs", said.strip() or how)
end()
