import { clusterLaws } from './cluster-laws.ts';

clusterLaws('SCHED_RR');
