// Seeded random requests with the documents that have a say in them.

const A = '111111111111'
const B = '222222222222'
const ROLE = `arn:aws:iam::${A}:role/deploy`
const USER = `arn:aws:iam::${A}:user/alice`
const SESSION = `arn:aws:sts::${A}:assumed-role/deploy/build`

/** A source of numbers from a seed (xorshift, 32 bits). */
export function numbers(seed) {
  let state = seed * 2654435769 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const TARGETS = [
  { actions: ['s3:GetObject', 's3:PutObject'], resource: () => 'arn:aws:s3:::b/alice/x', prefix: 's3' },
  { actions: ['s3:GetObject'], resource: () => 'arn:aws:s3:::b/red/y:z', prefix: 's3' },
  { actions: ['s3:ListBucket'], resource: () => 'arn:aws:s3:::b', prefix: 's3' },
  { actions: ['sqs:SendMessage'], resource: (account) => `arn:aws:sqs:eu-west-1:${account}:q`, prefix: 'sqs' },
  { actions: ['kms:Decrypt', 'kms:Encrypt'], resource: (account) => `arn:aws:kms:eu-west-1:${account}:key/k`, prefix: 'kms' },
  { actions: ['sts:AssumeRole'], resource: (account) => `arn:aws:iam::${account}:role/target`, prefix: 'sts' },
]

const VALUES = {
  'aws:PrincipalTag/Team': ['red', 'Red', 'blue', 'r-d'],
  'aws:PrincipalOrgID': ['o-1', 'o-2'],
  'aws:SourceIp': ['203.0.113.7', '203.0.114.7'],
  'aws:SecureTransport': ['true', 'false'],
  'aws:MultiFactorAuthAge': ['5', '10', '10.5', '100'],
  'aws:CurrentTime': ['2020-01-01T00:00:00Z', '2020-06-01T12:00:00Z', '2021-01-01T00:00:00Z'],
  'aws:SourceArn': [`arn:aws:sns:eu-west-1:${A}:topic`, `arn:aws:sns:us-east-1:${B}:topic`],
}
const MANY = { 'aws:TagKeys': ['red', 'blue', 'green'], 'aws:PrincipalOrgPaths': ['o-1/r-1/', 'o-1/r-2/'] }

const STRINGS = [
  'StringEquals', 'StringNotEquals', 'StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', 'StringLike', 'StringNotLike',
]
const ORDERS = ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals']

function test(number, version) {
  const pick = (list) => list[number(list.length)]
  const suffix = () => (number(4) === 0 ? 'IfExists' : '')
  const variable = version === '2012-10-17' ? ["${aws:PrincipalTag/Team}", "${aws:PrincipalTag/Team, 'red'}"] : ['red']
  const values = (list) => (number(2) ? [pick(list)] : [pick(list), pick(list)])
  switch (number(10)) {
    case 0:
    case 1:
      return [pick(STRINGS) + suffix(), 'aws:PrincipalTag/Team', values(['red', 'r*', 'R?D', 'blue', '*', ...variable])]
    case 2:
      return [pick(STRINGS) + suffix(), 'aws:PrincipalOrgID', values(['o-1', 'o-?', 'O-1'])]
    case 3:
      return [pick(['IpAddress', 'NotIpAddress']) + suffix(), 'aws:SourceIp', values(['203.0.113.0/24', '203.0.114.7', '0.0.0.0/0'])]
    case 4:
      return ['Bool' + suffix(), 'aws:SecureTransport', [pick(['true', 'false'])]]
    case 5:
      return ['Numeric' + pick(ORDERS) + suffix(), 'aws:MultiFactorAuthAge', values(['10', '10.0', '99', '5'])]
    case 6:
      return ['Date' + pick(ORDERS) + suffix(), 'aws:CurrentTime', values(['2020-01-01T00:00:00Z', '2020-06-01T12:00:00Z'])]
    case 7:
      return [
        pick(['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike']) + suffix(), 'aws:SourceArn',
        values([`arn:aws:sns:*:${A}:topic`, 'arn:aws:sns:*:*:t?pic', `arn:aws:sns:eu-*:${B}:*`]),
      ]
    case 8:
      return ['Null', pick([...Object.keys(VALUES), ...Object.keys(MANY)]), [pick(['true', 'false'])]]
    default:
      return [
        pick(['ForAllValues:', 'ForAnyValue:']) + pick(STRINGS), pick(Object.keys(MANY)),
        values(['red', 'blue', 'b*', 'o-1/*', 'o-1/r-2/', ...variable]),
      ]
  }
}

function statement(number, target, account, sort, version) {
  const pick = (list) => list[number(list.length)]
  const some = (list) => (number(2) ? [pick(list)] : [pick(list), pick(list)])
  const { prefix } = target
  const own = target.resource(account)
  const statement = { Effect: sort === 'rcp' || number(4) === 0 ? 'Deny' : 'Allow' }
  if (sort === 'resource') {
    const named = [
      '*', { AWS: A }, { AWS: ROLE }, { AWS: USER }, { AWS: SESSION }, { AWS: `arn:aws:iam::${A}:root` }, { AWS: B },
      { AWS: [ROLE, B] }, { Service: 'sns.amazonaws.com' },
    ]
    if (statement.Effect === 'Deny' && prefix !== 'sts' && number(6) === 0) {
      statement.NotPrincipal = pick([{ AWS: [A, ROLE] }, { AWS: [A, USER] }, { AWS: B }, { Service: 'sns.amazonaws.com' }])
    } else {
      statement.Principal = pick(named)
    }
  } else if (sort === 'rcp') {
    statement.Principal = '*'
  }
  const only = sort === 'resource' || sort === 'rcp'
  const actions = [...target.actions, ...target.actions, `${prefix}:*`, `${prefix.toUpperCase()}:${target.actions[0].split(':')[1].slice(0, 3)}*`]
  statement[number(6) === 0 && !only ? 'NotAction' : 'Action'] = some(only ? actions : [...actions, '*', 'ec2:*', 'ec2:Describe*'])
  if (!(sort === 'resource' && prefix === 'sts')) {
    const key = sort === 'resource' && prefix === 'kms'
    const home = version === '2012-10-17' && prefix === 's3' ? ['arn:aws:s3:::b/${aws:username}/*', 'arn:aws:s3:::b/${aws:PrincipalTag/Team}/*'] : []
    const resources = key ? ['*'] : [own, own, '*', own.slice(0, -1) + '*', own.slice(0, -1) + '?', ...home]
    statement[number(6) === 0 && !key && sort !== 'rcp' ? 'NotResource' : 'Resource'] = some(resources)
  }
  for (let count = number(2) ? 0 : 1 + number(2); count > 0; count--) {
    const [operator, key, values] = test(number, version)
    statement.Condition ??= {}
    statement.Condition[operator] ??= {}
    statement.Condition[operator][key] = values
  }
  return statement
}

/** One case; the same for the same number of it. */
export function makeCase(seed) {
  const number = numbers(seed)
  for (let skip = 0; skip < 8; skip++) number(2)
  const pick = (list) => list[number(list.length)]
  const target = pick(TARGETS)
  const account = pick([A, A, B])
  const version = () => (number(8) === 0 ? '2008-10-17' : '2012-10-17')
  const document = (sort) => {
    // AWS takes no older version here.
    const of = sort === 'rcp' ? '2012-10-17' : version()
    const count = 1 + number(3)
    return { Version: of, Statement: Array.from({ length: count }, () => statement(number, target, account, sort, of)) }
  }
  const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
  const who = pick(['user', 'role', 'role', 'service'])
  const given = { action: pick(target.actions), resource: target.resource(account), account, context: {} }
  for (const [key, values] of Object.entries(VALUES)) if (number(3)) given.context[key] = pick(values)
  for (const [key, values] of Object.entries(MANY)) {
    if (number(3)) given.context[key] = values.filter(() => number(2))
    if (given.context[key]?.length === 0) delete given.context[key]
  }
  const isService = who === 'service'
  if (who === 'user') given.user = USER
  if (who === 'role') Object.assign(given, { role: ROLE, session_name: 'build' })
  if (isService) given.service = 'sns.amazonaws.com'
  given.identity = isService ? [] : Array.from({ length: number(3) }, () => document('identity'))
  given.boundary = !isService && number(4) === 0 ? document('identity') : null
  given.session = who === 'role' && number(4) === 0 ? [document('identity')] : []
  given.scps = isService || number(2) ? [] : [[all], [document('identity'), ...(number(2) ? [all] : [])]]
  given.resource_policy = number(5) || target.prefix === 'kms' || target.prefix === 'sts' ? document('resource') : null
  given.rcps = number(4) === 0 ? [[document('rcp')]] : []
  return given
}
