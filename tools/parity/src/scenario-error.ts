/** Two reasons for which a replay has no outcome. */

/** A mistake in a scenario, or a setup that failed: never what the implementation did. */
export class ScenarioError extends Error {
  override name = 'ScenarioError';
}

/** The scenario needs something that this network does not have. */
export class NotHere extends Error {
  override name = 'NotHere';
}
