import * as z from 'zod'
import { day } from '../../http/shapes.ts'
import { findNameFault } from '../../kernel/names.ts'
import { maxFeatures, stages } from './rules.ts'

/** F1: bounds of the file, so that no list grows beyond what a person reads. */
export const maxCatalogueBytes = 1024 * 1024

const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1, 'Enter a text.')
    .max(max, `At most ${max} characters.`)
    .refine((it) => it.isWellFormed() && !/\p{Cc}/u.test(it.replaceAll('\n', '')), 'Leave out control characters.')

/** On one line, since it is a heading or a name. */
const line = (max: number) => text(max).refine((it) => !/[\n\u2028\u2029]/u.test(it), 'Write it on one line.')

const key = () =>
  z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,63}$/,
      'A key begins with a small letter and has small letters, digits and hyphens alone, at most 64.',
    )

/** Links are drawn in other people's pages, so nothing but the web passes. */
const link = () =>
  z
    .string()
    .max(1000, 'At most 1000 characters.')
    .refine(
      // No spaces or control characters: a browser would leave them out, and lead elsewhere than what is read.
      (it) => URL.canParse(it) && /^https?:\/\/[^\s\p{Cc}]+$/u.test(it) && it.isWellFormed(),
      'Enter an address that begins with https://.',
    )
    .meta({ format: 'uri', pattern: '^https?://' })

const dayText = () => day('Enter a day as YYYY-MM-DD.')

/** One feature as the operator writes it (F1). */
export const CatalogueFeature = z.strictObject({
  key: key().describe('What programs ask for; never changes.'),
  name: line(100)
    .refine(
      (name) => name === '' || !name.isWellFormed() || findNameFault(name) === undefined,
      'Write a name that can be seen, without invisible characters.',
    )
    .describe('What people read.'),
  description: text(1000).describe('What the feature does, for an admin who decides.'),
  stage: z.enum(stages, { error: `A stage is one of ${stages.join(', ')}.` }).describe('How far along it is.'),
  documentation: link().optional().describe('Where it is documented.'),
  feedback: link().optional().describe('Where feedback goes; without it Portcullis collects a short text.'),
  since: dayText().optional().describe('The day on which the preview began.'),
  plannedEnd: dayText().optional().describe('The day on which it is planned to end.'),
  requires: z
    .array(key())
    .max(50)
    .meta({ uniqueItems: true })
    .optional()
    .describe('Keys of the features that it needs.'),
  organizations: z
    .array(text(100))
    .max(10_000)
    .meta({ uniqueItems: true })
    .optional()
    .describe('Ids or slugs; for private_preview alone.'),
})

/** The file (PORTCULLIS_FEATURES). */
export const CatalogueFile = z.strictObject({
  features: z.array(CatalogueFeature).max(maxFeatures, `At most ${maxFeatures} features.`),
})

/** What the shape of a field cannot say: organizations belong to a private preview alone (F2). */
const onlyInPrivatePreview = {
  if: { properties: { stage: { const: 'private_preview' } } },
  else: { properties: { organizations: { maxItems: 0 } } },
}

/** JSON Schema 2020-12 of the file, by which editors complete and check it. */
export function catalogueSchema() {
  const { $schema, ...schema } = z.toJSONSchema(CatalogueFile, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === CatalogueFeature) Object.assign(jsonSchema, onlyInPrivatePreview)
    },
  })
  return { $schema, title: 'The catalogue of preview features of Portcullis', ...schema }
}
