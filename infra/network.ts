import { Stack } from 'aws-cdk-lib'
import { CfnVPCEndpoint, type ISecurityGroup, type IVpc, Peer, Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2'
import type { FunctionOptions } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import { type Database, portOf } from '#infra/database.ts'

/**
 * Beside the database, with a way to it and to the gateway endpoint of S3 and to nothing else: no NAT, no interface endpoint. A
 * token to sign in is made without a call.
 */
export class DatabaseNetwork extends Construct {
  /** Of the functions that talk to the database. */
  readonly placement: Required<Pick<FunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'>>

  constructor(scope: Construct, id: string, database: Database) {
    super(scope, id)
    const { network } = database
    const vpc = this.#vpc(database)
    const group = new SecurityGroup(this, 'Functions', {
      vpc,
      description: 'Functions of vector-rollback: to the database and to S3',
      allowAllOutbound: false,
    })
    const ofDatabase: ISecurityGroup = SecurityGroup.fromSecurityGroupId(this, 'Database', network.securityGroup, {
      // It may let out what it likes: only who comes in is our concern.
      allowAllOutbound: true,
    })
    const port = Port.tcp(portOf(database))
    group.addEgressRule(ofDatabase, port, 'PostgreSQL')
    ofDatabase.addIngressRule(group, port, 'vector-rollback')
    group.addEgressRule(Peer.prefixList(network.s3PrefixList), Port.HTTPS, 'S3, by its gateway endpoint')
    if (network.routeTables)
      new CfnVPCEndpoint(this, 'S3', {
        vpcId: network.vpc,
        serviceName: `com.amazonaws.${Stack.of(this).region}.s3`,
        vpcEndpointType: 'Gateway',
        routeTableIds: network.routeTables,
      })
    this.placement = { vpc, vpcSubnets: { subnets: vpc.privateSubnets }, securityGroups: [group] }
  }

  #vpc({ network }: Database): IVpc {
    const zones = Object.keys(network.subnets).sort()
    return Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: network.vpc,
      availabilityZones: zones,
      privateSubnetIds: zones.map((zone) => network.subnets[zone] ?? ''),
    })
  }
}
