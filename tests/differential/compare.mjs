// Decides seeded random requests with both evaluators and tells where they part.
//
//     node compare.mjs PATH-TO-DECIDE [COUNT [FIRST-SEED]]
//
// Stands beside its packages when it runs: `run` sees to that. Ends with 1 if they part anywhere but where accepted.mjs says why.

import { execFileSync } from 'node:child_process'
import { runSimulation } from '@cloud-copilot/iam-simulate'
import { makeCase } from './cases.mjs'
import { accepted, inHalves } from './accepted.mjs'

const [decide, count = '20000', first = '1'] = process.argv.slice(2)
const seeds = Array.from({ length: Number(count) }, (_, index) => Number(first) + index)
const cases = seeds.map(makeCase)
const input = cases.map((one) => JSON.stringify(one) + '\n').join('')
const ours = execFileSync(decide, { input, encoding: 'utf8', maxBuffer: 1 << 28 }).trimEnd().split('\n')

const named = (policies) => policies.map((policy, index) => ({ name: `p${index}`, policy }))
const levels = (list) => list.map((policies, index) => ({ orgIdentifier: `ou-${index}`, policies: named(policies) }))

async function theirs(one) {
  const principal = one.user ?? one.service ?? one.role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/') + '/' + one.session_name
  const derived = one.service ? {} : { 'aws:PrincipalArn': one.user ?? one.role, 'aws:PrincipalAccount': '111111111111' }
  if (one.user) derived['aws:username'] = 'alice'
  const simulation = {
    request: {
      principal,
      action: one.action,
      resource: { resource: one.resource, accountId: one.account },
      contextVariables: { ...one.context, ...derived },
    },
    identityPolicies: named(one.identity),
    serviceControlPolicies: levels(one.scps),
    resourceControlPolicies: levels(one.rcps),
  }
  if (one.resource_policy) simulation.resourcePolicy = one.resource_policy
  if (one.boundary) simulation.permissionBoundaryPolicies = named([one.boundary])
  if (one.session.length) simulation.sessionPolicy = one.session[0]
  const response = await runSimulation(simulation, {})
  return response.resultType === 'error' ? 'error ' + response.errors.message : response.overallResult
}

const counts = {}
const parted = []
for (const [index, one] of cases.entries()) {
  const other = await theirs(inHalves(one))
  const isSame = ours[index] === other
  const reason = isSame ? undefined : accepted(one, ours[index], other)
  const name = isSame ? `both ${other}` : (reason ?? `PARTED: ours ${ours[index]}, theirs ${other}`)
  counts[name] = (counts[name] ?? 0) + 1
  if (!isSame && !reason) parted.push({ seed: seeds[index], ours: ours[index], theirs: other, case: one })
}
for (const [name, number] of Object.entries(counts).sort()) console.log(`${String(number).padStart(7)}  ${name}`)
const told = Object.entries(counts).filter(([name]) => name.startsWith('accepted')).reduce((sum, [, number]) => sum + number, 0)
console.log(`${cases.length} cases: ${parted.length} disagreements, and ${told} that accepted.mjs tells why`)
for (const one of parted.slice(0, 3)) console.log(JSON.stringify(one))
process.exitCode = parted.length ? 1 : 0
