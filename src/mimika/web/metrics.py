"""Counters for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from mimika.web.pool import Pool

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What this application counts; each application has its own, so that tests do not mix."""

    def __init__(self, pool: Pool) -> None:
        self.registry = CollectorRegistry()
        names = ("method", "route", "status")
        self._requests = Counter("mimika_requests", "Requests answered", names, registry=self.registry)
        self._seconds = Histogram(
            "mimika_request_seconds", "Time to answer", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self.images = Counter("mimika_images", "Pictures analysed", registry=self.registry)
        self.faces = Counter("mimika_faces", "Faces found in pictures", registry=self.registry)
        self.frames = Counter("mimika_live_frames", "Frames of live sessions analysed", registry=self.registry)
        self.dropped = Counter("mimika_live_dropped", "Frames of live sessions passed over", registry=self.registry)
        self.sessions = Gauge("mimika_live_sessions", "Open live sessions", registry=self.registry)
        self.overloads = Counter("mimika_overloads", "Refusals because the queue was full", registry=self.registry)
        self.kills = Counter("mimika_decoder_kills", "Decoders that were killed or died", registry=self.registry)
        self._gauge("mimika_pool_waiting", "Pieces of work that wait", lambda: pool.depth)
        self._gauge("mimika_pool_running", "Pieces of work being done", lambda: pool.running)
        self._gauge("mimika_pool_work_seconds", "Time of a piece of work lately", lambda: pool.mean_s)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method if method in _METHODS else "?", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, text: str, value: object) -> None:
        Gauge(name, text, registry=self.registry).set_function(value)  # type: ignore[arg-type]
