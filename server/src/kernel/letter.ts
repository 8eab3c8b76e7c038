/** What a mail of ours says. Every text may come from people: names in any script, hostile ones too. */
export interface Letter {
  title: string
  paragraphs: readonly string[]
  /** The one thing to do, as a button and, for those who see no HTML, as an address of its own line. */
  action?: { label: string; url: string }
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string) => text.replace(/[&<>"']/g, (it) => entities[it] ?? it)

/** One line without controls, so that no name can begin a header, a line or a direction of writing of its own. */
export const oneLine = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim()

/** A mail's subject: one line, bounded. */
export const subjectOf = (text: string): string => [...oneLine(text)].slice(0, 200).join('')

const button = ({ label, url }: { label: string; url: string }) =>
  `<p style="margin:24px 0"><a href="${escaped(url)}" style="background:#1f3a5f;border-radius:6px;color:#ffffff;display:inline-block;padding:10px 18px;text-decoration:none">${escaped(label)}</a></p>
<p style="color:#5c6470;font-size:13px">Or open this address:<br><a href="${escaped(url)}" style="color:#1f3a5f;word-break:break-all">${escaped(url)}</a></p>`

/** A letter as plain text and as HTML that needs nothing from elsewhere: no images, no styles but its own. */
export function letter({ title, paragraphs, action }: Letter): { text: string; html: string } {
  const lines = [title, ...paragraphs].map(oneLine)
  const text = [...lines, ...(action ? [`${oneLine(action.label)}:\n${action.url}`] : [])].join('\n\n')
  const [heading = '', ...rest] = lines.map(escaped)
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${heading}</title></head>
<body style="background:#f4f5f7;color:#1d2229;font-family:system-ui,sans-serif;font-size:15px;line-height:1.5;margin:0;padding:24px">
<main style="background:#ffffff;border-radius:8px;margin:0 auto;max-width:560px;overflow-wrap:anywhere;padding:28px">
<h1 style="font-size:20px;margin:0 0 16px">${heading}</h1>
${rest.map((it) => `<p>${it}</p>`).join('\n')}
${action ? button(action) : ''}
</main>
</body>
</html>
`
  return { text: `${text}\n`, html }
}
