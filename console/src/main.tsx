import './ui/styles.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Problem } from './api'
import { makeRouter } from './routes'
import { cssVariables, theme } from './ui/theme'

const passing = (error: Error) => error instanceof Problem && [0, 502, 503, 504].includes(error.status)

const queryClient = new QueryClient({
  // Without a connection a request fails at once and says so, rather than wait in silence.
  defaultOptions: {
    queries: { staleTime: 10_000, networkMode: 'always', retry: (count, error) => count < 2 && passing(error) },
    mutations: { networkMode: 'always' },
  },
})
const router = makeRouter(queryClient)

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Notifications position="bottom-right" limit={3} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
