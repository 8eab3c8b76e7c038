import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { OpenFeature, OpenFeatureProvider, useBooleanFlagDetails } from '@openfeature/react-sdk'
import { createRoot } from 'react-dom/client'

// Asks the product's own backend. Nothing is kept in the browser, so nothing is left of whoever was signed in before.
OpenFeature.setProvider(new OFREPWebProvider({ baseUrl: window.location.origin, cacheMode: 'disabled' }))

type Metadata = ReturnType<typeof useBooleanFlagDetails>['flagMetadata']

/** Drawn from what Portcullis says of the feature, never typed by hand: it goes when the preview is over. */
function PreviewTag({ of }: { of: Metadata }) {
  if (!of.badge) return null
  return (
    <small>
      {of.badge}
      {of.docsUrl && <a href={String(of.docsUrl)}> What is this?</a>}
      {of.feedbackUrl && <a href={String(of.feedbackUrl)}> Send feedback</a>}
    </small>
  )
}

/** Off means absent. */
function ReportExport() {
  const { value: isOn, flagMetadata } = useBooleanFlagDetails('report-export', false)
  if (!isOn) return null
  return (
    <section>
      <h2>{String(flagMetadata.title)}</h2>
      <PreviewTag of={flagMetadata} />
      <p>
        <a href="/api/report">Download the report</a>
      </p>
    </section>
  )
}

createRoot(document.body.appendChild(document.createElement('main'))).render(
  <OpenFeatureProvider>
    <h1>Reports</h1>
    <ReportExport />
  </OpenFeatureProvider>,
)
