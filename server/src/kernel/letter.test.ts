import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { letter, subjectOf } from './letter.ts'

/** Whatever could mislead a mail program, and some plain text. */
const anything = fc.string({ unit: fc.constantFrom(...'<>&"\'/= \r\n\0\t\u2028\u2029\u202e\ud800abé王🦔') })

const hostile = 'Eve <script>alert(1)</script>"\r\nBcc: all@example.com\u2028\u202eevil'

describe('a letter', () => {
  test('says the same as text and as HTML', () => {
    const { text, html } = letter({
      title: 'Join Acme',
      paragraphs: ['Ada invites you.', 'It expires soon.'],
      action: { label: 'Accept', url: 'https://example.com/invitations/abc?x=1&y=2' },
    })
    expect(text).toBe(
      'Join Acme\n\nAda invites you.\n\nIt expires soon.\n\nAccept:\nhttps://example.com/invitations/abc?x=1&y=2\n',
    )
    expect(html).toContain('<h1 style="font-size:20px;margin:0 0 16px">Join Acme</h1>')
    expect(html).toContain('href="https://example.com/invitations/abc?x=1&amp;y=2"')
  })

  test('lets no name write HTML, lines or directions of its own', () => {
    const { text, html } = letter({ title: hostile, paragraphs: [`Hello ${hostile},`] })
    expect(html).not.toContain('<script')
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot; Bcc: all@example.com evil')
    expect(text.split('\n')).toHaveLength(4)
    expect(text).not.toMatch(/[\r\u2028\u202e]/)
  })

  test('keeps names of any script', () => {
    const { text, html } = letter({ title: 'Привет 王小明 🦔', paragraphs: ['مرحبا', "O'Neil & Söhne"] })
    expect(text).toContain("Привет 王小明 🦔\n\nمرحبا\n\nO'Neil & Söhne")
    expect(html).toContain('O&#39;Neil &amp; Söhne')
  })

  test('whatever it is given, its HTML holds no tag but ours', () => {
    const ours = letter({ title: 'a', paragraphs: ['b'] }).html.match(/<\/?\w+/g)
    fc.assert(
      fc.property(anything, anything, (title, paragraph) => {
        expect(letter({ title, paragraphs: [paragraph] }).html.match(/<\/?\w+/g)).toEqual(ours)
      }),
    )
  })
})

describe('a subject', () => {
  test('is one bounded line, so that it cannot begin another header', () => {
    expect(subjectOf(hostile)).toBe('Eve <script>alert(1)</script>" Bcc: all@example.com evil')
    expect([...subjectOf('🦔'.repeat(500))]).toHaveLength(200)
    fc.assert(fc.property(anything, (text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(subjectOf(text))))
  })
})
