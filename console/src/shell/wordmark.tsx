/** A gate half raised: three bars with points, under an arch. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" style={{ flex: 'none' }}>
      <rect width="32" height="32" rx="7" fill="#1f5f6a" />
      <path d="M7 25V13a9 9 0 0 1 18 0v12" fill="none" stroke="#fff" strokeWidth="2.4" strokeLinecap="round" />
      <path
        d="M11.500 7.500v14l-1.500 0 1.500 3 1.500-3-1.500 0M16 5v16.500l-1.500 0 1.500 3 1.500-3-1.500 0M20.500 7.500v14l-1.500 0 1.500 3 1.500-3-1.500 0M8 12.500h16M8 17.500h16"
        fill="none"
        stroke="#9fd3db"
        strokeWidth="1.700"
        strokeLinejoin="round"
      />
    </svg>
  )
}
