// The few things that go over plain HTTP: who I am, signing in and out.

export class ApiError extends Error {
  constructor(status, body) {
    super(body?.error?.en ?? `HTTP ${status}`)
    this.status = status
    this.wait_s = body?.wait_s ?? body?.error?.wait_s
    this.words = body?.error // {code, vi, en}
  }
}

async function ask(path, options) {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), 10_000)
  try {
    const answer = await fetch(path, { credentials: 'same-origin', cache: 'no-store', signal: controller.signal, ...options })
    const body = await answer.json().catch(() => null)
    if (!answer.ok) throw new ApiError(answer.status, body)
    return body ?? {}
  } finally {
    clearTimeout(timer)
  }
}

function post(path, body) {
  return ask(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
}

export const me = (room) => ask(room ? `/api/me?room=${encodeURIComponent(room)}` : '/api/me')
export const signIn = (name, secret) => post('/api/sign-in', { name, secret })
export const pair = (code) => post('/api/pair', { code })
export const signOut = () => post('/api/sign-out', {})
export const renew = () => post('/api/renew', {})
