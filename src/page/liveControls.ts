/** Where the page's script puts what an object of one's own is chosen and changed by. */
export function liveControlsHtml(): string {
  return '<div id="live-controls"></div>'
}
