/** What may follow a name such as `password`: `=`, `:`, quotes, spaces. */
const NAMED =
  /((?:pass(?:word|wd)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)[\w-]*["']?\s*[=:]\s*)("[^"\n]*"|'[^'\n]*'|[^\s,;]+)/gi
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi
/** `scheme://user:password@host` */
const IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@]+(@)/gi
/** Access keys of AWS, keys of providers (`sk-…`), JSON Web Tokens. */
const BY_FORM = /\b(?:A(?:KIA|SIA)[A-Z0-9]{16}|sk-[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+)/g
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g

/**
 * The output of a command with what looks like a secret replaced by `…`: values of names that say so, credentials in URLs, keys by their
 * form. It knows no secret that looks like anything else: what a command prints is the plan's concern.
 */
export const redactOutput = (text: string): string =>
  text
    .replaceAll(PRIVATE_KEY, '…')
    .replaceAll(IN_URL, '$1…$2')
    .replaceAll(BEARER, '$1 …')
    .replaceAll(NAMED, '$1…')
    .replaceAll(BY_FORM, '…')
