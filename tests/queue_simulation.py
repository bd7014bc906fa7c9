"""Queues with random arrivals and several servers, many of them side by side."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ovtui.analysis.arrays import Floats

Service = Callable[[np.random.Generator, tuple[int, ...]], Floats]


def exponential(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Service times with mean 1."""
    return generator.exponential(1.0, shape)


def constant(_generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Service times of 1."""
    return np.ones(shape)


def waits(gaps: Floats, services: Floats, servers: int) -> Floats:
    """Waiting times, shape (queues, n) like gaps before arrivals and services; each queue begins empty.

    First come first served: each arrival goes to the server that is free first (J. Kiefer & J. Wolfowitz, 1955): the
    work ahead of each server, sorted, loses the gap, and the smallest takes the service.
    """
    queues, n = services.shape
    work = np.zeros((servers, queues))
    found = np.empty((n, queues))
    across, ahead = np.ascontiguousarray(gaps.T), np.ascontiguousarray(services.T)
    lower = np.empty(queues)
    for i in range(n):
        work -= across[i]
        np.maximum(work, 0.0, out=work)
        found[i] = work[0]
        work[0] += ahead[i]
        for k in range(servers - 1):
            np.minimum(work[k], work[k + 1], out=lower)
            np.maximum(work[k], work[k + 1], out=work[k + 1])
            work[k] = lower
    return found.T


def missed_m_m_c(rate: float, servers: int, limit: float) -> float:
    """The share of M/M/c with mean service 1 whose latency is above the limit (Kleinrock, Queueing Systems I, §3.5)."""
    terms = [rate**k / math.factorial(k) for k in range(servers)]
    last = rate**servers / math.factorial(servers) / (1 - rate / servers)
    waiting = last / (sum(terms) + last)
    theta = servers - rate
    if math.isclose(theta, 1.0):
        return math.exp(-limit) * (1 + waiting * limit)
    # Latency = wait + service: P(W > L) + the density of waits times P(S > L − w), for those who wait and do not.
    tail = waiting * math.exp(-theta * limit)
    through = waiting * theta * (math.exp(-limit) - math.exp(-theta * limit)) / (theta - 1)
    return (1 - waiting) * math.exp(-limit) + tail + through


def missed_m_d_c(rate: float, servers: int, limit: float, n: int, seed: int = 1) -> float:
    """The share of M/D/c with service 1 whose latency is above the limit, of n simulated arrivals.

    Each server gets every c-th arrival, so one of them is the queue E_c/D/1 (L. Kosten, Stochastic Theory of Service
    Systems, 1973), whose waits are a walk above its running minimum (D. Lindley, 1952).
    """
    gaps = np.random.default_rng(seed).gamma(servers, 1 / rate, n)
    walk = np.cumsum(1.0 - gaps)
    return float((walk - np.minimum.accumulate(walk) + 1 > limit)[n // 10 :].mean())
