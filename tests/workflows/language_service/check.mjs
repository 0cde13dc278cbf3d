// Ask GitHub's own language service about every workflow file and action of a checkout: check.mjs FOLDER STAND_INS
// An action of somebody else is what its stand-in says it is: nobody can be asked without a network.
import fs from 'node:fs'
import path from 'node:path'
import {pathToFileURL} from 'node:url'
import {FeatureFlags} from '@actions/expressions'
import {validate} from '@actions/languageservice'
import {fileIdentifier} from '@actions/workflow-parser/workflows/file-reference'
import {TextDocument} from 'vscode-languageserver-textdocument'
import YAML from 'yaml'

const [folder, standIns] = process.argv.slice(2).map(name => path.resolve(name))
const SEVERITIES = {1: 'error', 2: 'warning', 3: 'information', 4: 'hint'}
const WORST_ALLOWED = 3

function files() {
  const within = name => path.join(folder, '.github', name)
  const workflows = fs.readdirSync(within('workflows')).map(name => within(`workflows/${name}`))
  const actions = fs.readdirSync(within('actions')).map(name => within(`actions/${name}/action.yml`))
  return [...workflows, ...actions].filter(name => name.endsWith('.yml')).sort()
}

const fileProvider = {
  async getFileContent(reference) {
    return {name: fileIdentifier(reference), content: fs.readFileSync(path.join(folder, reference.path), 'utf8')}
  }
}

const actionsMetadataProvider = {
  async fetchActionMetadata(action) {
    const file = path.join(standIns, action.name, 'action.yml')
    return fs.existsSync(file) ? YAML.parse(fs.readFileSync(file, 'utf8')) : undefined
  }
}

async function findings(file) {
  const document = TextDocument.create(pathToFileURL(file).href, 'yaml', 1, fs.readFileSync(file, 'utf8'))
  const featureFlags = new FeatureFlags({all: true, blockScalarChompingWarning: false})
  // Without stand-ins nothing is known of others' actions, and nothing is said of them.
  const known = fs.existsSync(standIns) ? {actionsMetadataProvider} : {}
  const found = await validate(document, {fileProvider, ...known, featureFlags})
  return found.filter(one => (one.severity ?? 1) < WORST_ALLOWED).map(one => {
    const {line, character} = one.range.start
    return `${path.relative(folder, file)}:${line + 1}:${character + 1}: ${SEVERITIES[one.severity ?? 1]}: ${one.message}`
  })
}

const found = (await Promise.all(files().map(findings))).flat()
console.log(found.join('\n'))
process.exit(found.length ? 1 : 0)
