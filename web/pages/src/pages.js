// The pages there are, each loaded when it is first shown. `style`: a style sheet of its own; `may`: methods of which a person
// needs one for the page to be offered; `nav`: it stands in the navigation of a room. (The maker page will be the next row here.)
export const pages = {
  'sign-in': { load: () => import('./sign-in/index.js'), words: 'sign-in' },
  teacher: { load: () => import('./teacher/index.js'), words: 'teacher', nav: true, icon: 'home' },
  lab: { load: () => import('./lab/index.js'), words: 'lab', style: 'lab', nav: true, icon: 'lab', may: ['experiment.list', 'run.list'] },
  technician: {
    load: () => import('./technician/index.js'), words: 'technician', style: 'technician', nav: true, icon: 'tools',
    may: ['line.trace', 'alarm.shelve'],
  },
}
