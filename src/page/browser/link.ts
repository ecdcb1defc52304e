import { element } from './dom.js'

/** Copies the page's address; where the browser does not let it, shows it to be copied by hand. */
export function bindCopyLink(address: () => string): void {
  const button = element('copy-link', HTMLButtonElement)
  const status = element('link-status', HTMLElement)
  const field = element('link', HTMLInputElement)
  button.addEventListener('click', async () => {
    field.value = address()
    const copied = await copy(field.value)
    status.textContent = copied ? 'Link copied' : 'Copy the address'
    field.hidden = copied
    if (!copied) field.select()
  })
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
