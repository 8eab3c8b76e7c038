import { generate } from 'lean-qr'

/** Dark on light in both colour schemes: that is what cameras expect. */
export function QrCode({ text }: { text: string }) {
  const code = generate(text)
  const size = code.size + 8
  let path = ''
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) path += `M${x + 4} ${y + 4}h1v1h-1z`
  }
  return (
    <svg
      viewBox={`0 0 ${size} ${size}`}
      width={180}
      height={180}
      role="img"
      aria-label="QR code for the authenticator app"
    >
      <rect width={size} height={size} rx={2} fill="#fff" />
      <path d={path} fill="#000" shapeRendering="crispEdges" />
    </svg>
  )
}
