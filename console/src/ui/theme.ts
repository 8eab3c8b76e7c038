import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

// Shades that are used for text or behind white text pass WCAG AA; see design.md for where each belongs.
const gate: MantineColorsTuple = [
  '#eff7f8',
  '#dcecee',
  '#b5d6db',
  '#8bc1c8',
  '#67aeb8',
  '#4a9aa6',
  '#35848f',
  '#256a76',
  '#1c5661',
  '#13424b',
]
const red: MantineColorsTuple = [
  '#fdf2f1',
  '#fadcd9',
  '#f3b9b4',
  '#ef9a93',
  '#e2695e',
  '#d94f43',
  '#c93c31',
  '#b42f26',
  '#96251d',
  '#7a1c15',
]
const dark: MantineColorsTuple = [
  '#e4e7ea',
  '#c3c9cf',
  '#a3acb5',
  '#8b95a0',
  '#454e57',
  '#2b3137',
  '#22272c',
  '#171a1e',
  '#121518',
  '#0c0e10',
]

// Within the page rather than after it, so that what opens lies in a landmark.
export const inPage = { target: '#content' }

export const theme = createTheme({
  colors: { gate, red, dark },
  primaryColor: 'gate',
  primaryShade: 7,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '0.78125rem', sm: '0.875rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  headings: {
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '1.5rem', lineHeight: '1.3' },
      h2: { fontSize: '1.125rem', lineHeight: '1.4' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  defaultRadius: 'md',
  radius: { md: '6px' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Tooltip: {
      defaultProps: {
        withArrow: true,
        openDelay: 200,
        events: { hover: true, focus: true, touch: true },
        portalProps: inPage,
      },
    },
    Menu: {
      defaultProps: {
        shadow: 'md',
        position: 'bottom-end',
        transitionProps: { duration: 80 },
        portalProps: inPage,
        withInitialFocusPlaceholder: false,
        styles: { dropdown: { minWidth: 150 } },
      },
    },
    InputWrapper: {
      defaultProps: { inputWrapperOrder: ['label', 'description', 'input', 'error'], withAsterisk: false },
    },
  },
})

/** Mantine's dimmed, placeholder and error colours, and its tinted text, are too pale for AA: these are not. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#1b2126',
    '--mantine-color-dimmed': '#59636d',
    '--mantine-color-placeholder': '#69737d',
    '--mantine-color-error': red[7],
    '--mantine-color-anchor': gate[8],
    '--mantine-color-gate-light-color': gate[8],
    '--mantine-color-gray-light-color': '#3a434b',
    '--mantine-color-red-light-color': red[7],
    '--mantine-color-red-text': red[7],
    '--input-bd': '#b9c0c7',
  },
  dark: {
    '--mantine-color-body': dark[7],
    '--mantine-color-dimmed': dark[2],
    '--mantine-color-placeholder': '#98a2ac',
    '--mantine-color-error': red[3],
    '--mantine-color-anchor': gate[3],
    '--mantine-color-gate-light-color': gate[3],
    '--mantine-color-gray-light-color': dark[1],
    '--mantine-color-red-light-color': red[3],
    '--mantine-color-red-text': red[3],
    '--mantine-color-default-border': dark[4],
  },
})
