/**
 * Traces and metrics of the sender with OpenTelemetry. The library does not depend on it: it publishes each moment on
 * `node:diagnostics_channel`, and this turns the moments into spans and counters.
 */
import { subscribe } from "node:diagnostics_channel";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { metrics, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import type { AttemptMoment, EndpointMoment } from "@ventostack/webhook";
import { createOutboundWebhookManager } from "@ventostack/webhook";
import { expect, run } from "../support/expect.ts";

// An application exports to its collector; here the spans are kept and looked at.
const spans = new InMemorySpanExporter();
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
);
const exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: exported });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

const tracer = trace.getTracer("webhooks");
const meter = metrics.getMeter("webhooks");
const attempts = meter.createCounter("webhook.attempts");
const duration = meter.createHistogram("webhook.attempt.duration", { unit: "ms" });
const disabled = meter.createCounter("webhook.endpoints.disabled");

subscribe("ventostack:webhook:attempt", (message) => {
  const { delivery, attempt } = message as AttemptMoment;
  const attributes = {
    "webhook.event": delivery.event,
    "webhook.outcome": attempt.errorClass ?? "sent",
    ...(attempt.status !== undefined && { "http.response.status_code": attempt.status }),
  };
  const span = tracer.startSpan(`webhook ${delivery.event}`, {
    kind: SpanKind.PRODUCER,
    startTime: attempt.at,
    attributes: { ...attributes, "webhook.attempt": attempt.number },
  });
  if (attempt.error !== undefined) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: attempt.error });
  }
  span.end(attempt.at + attempt.timings.totalMs);
  attempts.add(1, attributes);
  duration.record(attempt.timings.totalMs, attributes);
});
subscribe("ventostack:webhook:endpointDisabled", (message) => {
  const { endpoint } = message as EndpointMoment;
  disabled.add(1, { reason: endpoint.reason ?? "" });
});

await run(async () => {
  const statuses = [503, 200];
  const customer = createServer((_request, response) => {
    response.writeHead(statuses.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => {
    customer.listen(0, "127.0.0.1", resolve);
  });
  const { port } = customer.address() as AddressInfo;

  const outbound = createOutboundWebhookManager({ network: { allow: ["127.0.0.1"] } });
  outbound.subscribe({ url: `http://127.0.0.1:${port}/`, secret: "a secret of the example" });
  await outbound.send("order.created", { orderId: "123" });
  await outbound.retry();
  await outbound.close();
  customer.closeAllConnections();
  customer.close();

  for (const span of spans.getFinishedSpans()) {
    console.log(
      span.name,
      span.attributes["webhook.outcome"],
      span.attributes["http.response.status_code"],
    );
  }
  await reader.forceFlush();
  const names = exported
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap((scope) => scope.metrics.map((metric) => metric.descriptor.name));
  console.log("metrics:", names.join(", "));
  expect(spans.getFinishedSpans().length === 2, "each attempt has a span");
  expect(names.includes("webhook.attempts"), "attempts are counted");
});
