import { html } from '../lib/html.js'
import { t } from '../lib/words.js'

export default function Page() {
  return html`<h1>${t('nav.technician')}</h1>`
}
