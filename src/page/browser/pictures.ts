/** Finds a picture by its key, as an address. */
export type PictureLoader = (key: number) => Promise<string>

let load: PictureLoader = () => Promise.reject(new Error('the page has no pictures'))

/** Says where the page's pictures come from. */
export function providePictures(loader: PictureLoader): void {
  load = loader
}

export function loadPicture(key: number): Promise<string> {
  return load(key)
}
