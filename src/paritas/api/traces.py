"""OpenTelemetry traces, off unless asked for: one span for each request, with nothing of its contents.

Where they go is said by OpenTelemetry's own environment variables, such as
OTEL_EXPORTER_OTLP_ENDPOINT.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paritas.node.run import SettleError


def traced(app: ASGIApp) -> ASGIApp:
    """Return the application with a span around each request.

    Raises SettleError where OpenTelemetry is not installed.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.propagate import extract
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        text = "--traces: OpenTelemetry is not installed; install paritas[traces]."
        raise SettleError(text) from None
    provider = TracerProvider(resource=Resource.create({"service.name": "paritas"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("paritas.api")

    async def traced_app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            if scope["type"] == "lifespan":
                provider.shutdown()
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        with tracer.start_as_current_span(
            f"{scope['method']} {'/'.join(scope['path'].split('/')[:3])}",
            context=extract(headers),
            kind=trace.SpanKind.SERVER,
        ) as span:

            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await app(scope, receive, note)

    return traced_app
