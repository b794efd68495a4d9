// Where the words of each page are; each is loaded with its page, in one language.
export const catalogues = {
  common: { vi: () => import('./common.vi.js'), en: () => import('./common.en.js') },
  'sign-in': { vi: () => import('./sign-in.vi.js'), en: () => import('./sign-in.en.js') },
  teacher: { vi: () => import('./teacher.vi.js'), en: () => import('./teacher.en.js') },
  lab: { vi: () => import('./lab.vi.js'), en: () => import('./lab.en.js') },
  technician: { vi: () => import('./technician.vi.js'), en: () => import('./technician.en.js') },
}
