import { AsyncLocalStorage } from 'node:async_hooks'
import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace as spans } from '@opentelemetry/api'
import { parseTraceParent, setGlobalErrorHandler } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Log, Trace } from './kernel/deps.ts'

/** A stop waits no longer than this for the last traces to leave. */
const lastFlushMs = 1000

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT }

/** A caller's trace, if it named one that W3C Trace Context allows. */
function parentOf(traceparent: string | undefined, around: Context | undefined): Context {
  const remote = traceparent === undefined ? null : parseTraceParent(traceparent)
  return remote ? spans.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true }) : (around ?? ROOT_CONTEXT)
}

/**
 * Traces by OpenTelemetry, sent as OTLP over HTTP to wherever the standard variables say. `start` imports this file only
 * when one of them is set. A collector that is away costs traces and nothing else.
 */
export function openTraces(share: number, log: Log): { trace: Trace; close: () => Promise<void> } {
  setGlobalErrorHandler((error) => {
    const { code } = error as { code?: unknown }
    log.warn({ code }, 'traces were not delivered')
  })
  const own = resourceFromAttributes({ 'service.name': 'portcullis' })
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  })
  const tracer = provider.getTracer('portcullis')
  const around = new AsyncLocalStorage<Context>()

  const fail = (span: Span) => span.setStatus({ code: SpanStatusCode.ERROR })

  const trace: Trace = async (work, run, outcome) => {
    const parent = parentOf(work.traceparent, around.getStore())
    const span = tracer.startSpan(work.name, { kind: kinds[work.kind], attributes: work.facts }, parent)
    try {
      const it = await around.run(spans.setSpan(parent, span), run)
      const { facts, failed } = outcome(it)
      span.setAttributes(facts)
      if (failed) fail(span)
      return it
    } catch (error) {
      // The message may hold anything; the log has it, under the request id.
      fail(span)
      throw error
    } finally {
      span.end()
    }
  }

  return {
    trace,
    close: () =>
      Promise.race([
        provider.shutdown().catch(() => undefined),
        new Promise<void>((done) => setTimeout(done, lastFlushMs).unref()),
      ]),
  }
}
