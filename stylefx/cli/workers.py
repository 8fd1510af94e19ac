"""One file, one task: the files of a `render` on worker processes of this machine, or of a Dask cluster.

A worker that dies (killed, out of memory) takes one file with it, which is begun again in a new one, once. Every local
worker is a pool of its own: a pool of `concurrent.futures` breaks as a whole, and would charge every file in work.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from stylefx.cli.jobs import Job
from stylefx.errors import StylefxError
from stylefx.interruption import SIGNALS, Interrupted, unwinding

# What a worker makes of a file: the report, or the sentence that says why there is none.
Outcome = dict[str, Any] | str
Results = Iterator[tuple[Job, Outcome]]

TRIES = 2
# To reach a scheduler, and for its first worker.
CONNECT_SECONDS = 10
# For a worker to delete its temporary file.
END_SECONDS = 10
# The cores are taken by files.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def render_job(job: Job, settings: dict[str, Any]) -> Outcome:
    """Render one file; runs in a worker."""
    from stylefx.rendering import render

    try:
        with unwinding():
            return asdict(render(job.content, output=job.output, **settings))
    except StylefxError as error:
        return str(error)
    except Exception as error:  # a fault of ours with one file does not cost the others
        if isinstance(error.__cause__, Interrupted):
            raise error.__cause__ from None
        return fault(job, error)


def fault(job: Job, error: BaseException) -> str:
    """The sentence for what no user can have caused."""
    return f"{job.content} failed with {type(error).__name__}: {error}"


def cores() -> int:
    """As many as this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_processes(jobs: Sequence[Job], settings: dict[str, Any], count: int) -> Results:
    """Render on ``count`` processes of one thread each; yields every job when it is done.

    An exception or a signal ends the workers at once; they leave nothing half-written.
    """
    waiting = [(job, 1) for job in reversed(jobs)]
    running: dict[Future, tuple[Executor, Job, int]] = {}

    def begin(pool: Executor) -> None:
        if not waiting:
            pool.shutdown()
            return
        job, attempt = waiting.pop()
        # One that died behind the renaming has left its output, whole.
        again = {"overwrite": True} if attempt > 1 else {}
        with _starting():
            running[pool.submit(_in_process, job, {**settings, **again})] = (pool, job, attempt)

    try:
        for _ in range(min(count, len(jobs))):
            begin(_one_process())
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                pool, job, attempt = running.pop(future)
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    pool.shutdown()
                    pool = _one_process()
                    if attempt < TRIES:
                        waiting.append((job, attempt + 1))
                        begin(pool)
                        continue
                begin(pool)
                yield job, future.result() if error is None else _lost(job, error)
    except BaseException:
        _end_processes()
        raise


def _lost(job: Job, error: BaseException) -> str:
    if isinstance(error, BrokenProcessPool):
        return f"{job.content} failed: its worker process died {TRIES} times; is there enough memory? try fewer --jobs"
    return fault(job, error)


def _one_process() -> ProcessPoolExecutor:
    # Not fork: threads of numerical libraries do not survive it.
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_follow_parent)


def _follow_parent() -> None:
    """If the parent is killed, the workers end with it and delete what they were writing."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _in_process(job: Job, settings: dict[str, Any]) -> Outcome:
    try:
        return render_job(job, settings)
    except Interrupted as interruption:  # the pool would hand it back and wait for more
        os._exit(interruption.exit_code)


@contextmanager
def _starting() -> Iterator[None]:
    """A terminal signals the whole group, but the parent ends the workers: they start with signals blocked."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    blocks = hasattr(signal, "pthread_sigmask")
    if blocks:
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, set(SIGNALS) - {signal.SIGTERM})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        if blocks:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _end_processes() -> None:
    processes = multiprocessing.active_children()
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(END_SECONDS)
        process.kill()


def on_cluster(jobs: Sequence[Job], settings: dict[str, Any], address: str) -> Results:
    """Render on the workers of a Dask scheduler; yields every job when it is done.

    Stopping early cancels what no worker has begun; what has begun is finished.

    Raises
    ------
    StylefxError
        `distributed` is not installed, nothing answers at ``address``, or it has no workers.
    """
    with _client(address) as client, client.get_executor(pure=False) as executor:
        # A task may run twice, where a worker dies with its result.
        settings = {**settings, "overwrite": True}
        futures = {executor.submit(render_job, _absolute(job), settings): job for job in jobs}
        try:
            for future in as_completed(futures):
                job, error = futures[future], future.exception()
                if error is None:
                    outcome = future.result()
                    # As they were named here.
                    named = {"content": job.content, "output": job.output}
                    yield job, outcome if isinstance(outcome, str) else {**outcome, **named}
                else:
                    yield job, _cluster_words(job, error, address)
        except BaseException:
            executor.shutdown(wait=False)  # takes back what has not begun
            raise


def _absolute(job: Job) -> Job:
    return Job(os.path.abspath(job.content), os.path.abspath(job.output))


def _cluster_words(job: Job, error: BaseException, address: str) -> str:
    if isinstance(error, ModuleNotFoundError) or isinstance(error.__cause__, ModuleNotFoundError):
        return f"{job.content} failed: {address} or a worker of it lacks a package ({error}): install stylefx there"
    if type(error).__name__ == "KilledWorker":
        return f"{job.content} failed: every worker of {address} that tried it died; have they enough memory?"
    return fault(job, error)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError as error:
        raise StylefxError(
            '--scheduler needs the package distributed: pip install "stylefx[cluster]"'
        ) from error
    unreachable = f"no Dask scheduler answers at {address} within {CONNECT_SECONDS} s: is it tcp://HOST:8786?"
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise StylefxError(unreachable) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise StylefxError(
                f"the scheduler at {address} has no workers: start `dask worker {address}`"
            ) from error
        yield client
