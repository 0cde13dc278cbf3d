// Node reads JSON modules only if their import says so, and the language service's does not.
import {register} from 'node:module'

register('data:text/javascript,' + encodeURIComponent(`
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.json')) return next(url, context)
  return {format: 'module', shortCircuit: true, source: 'export default ' + readFileSync(fileURLToPath(url), 'utf8')}
}`))
