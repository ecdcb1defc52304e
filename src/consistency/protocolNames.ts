/** Protocols of `consistency`, apart so that the command line's help loads nothing else. */
export const PROTOCOL_NAMES = ['crop', 'diagonal', 'embed', 'circular', 'subpixel'] as const
export type ProtocolName = (typeof PROTOCOL_NAMES)[number]
