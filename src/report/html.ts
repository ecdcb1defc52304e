/** A box that scrolls on narrow screens, also by keyboard. */
export function scrollBox(name: string, content: string): string {
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(name)}">${content}</div>`
}

/** Names come from files: they are shown as text, whatever they hold. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => entities[character] as string)
}
