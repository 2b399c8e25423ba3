import { signedPost } from '#aws/signed-post.ts'

const VERSION = '2010-05-15'

/** An output of a CloudFormation stack; `null` when it has none of that name, or may not be seen. */
export const stackOutput = async (stack: string, output: string, region: string): Promise<string | null> => {
  const endpoint = process.env.AWS_ENDPOINT_URL || `https://cloudformation.${region}.amazonaws.com`
  const { status, body } = await signedPost(new URL('/', endpoint), {
    service: 'cloudformation',
    region,
    contentType: 'application/x-www-form-urlencoded',
    body: new URLSearchParams({ Action: 'DescribeStacks', Version: VERSION, StackName: stack }).toString(),
  })
  if (status !== 200) return null
  const members = body.match(/<member>(?:(?!<\/?member>)[\s\S])*<\/member>/g) ?? []
  const member = members.find((text) => text.includes(`<OutputKey>${output}</OutputKey>`))
  return member?.match(/<OutputValue>([^<]*)<\/OutputValue>/)?.[1] ?? null
}
