/** Node "command": holds a setpoint of a device; the community server decides whether the flow may. */
module.exports = (RED) => {
  function CommandNode(config) {
    RED.nodes.createNode(this, config);
    const setpoint = RED.settings.commonworks.openSetpoint({
      edge: config.edge || '',
      device: config.device || '',
      kind: config.kind,
      seconds: Number(config.seconds) || 600,
      reason: config.reason || `flow: ${config.name || 'without a name'}`,
    });

    this.on('input', async (msg, send, done) => {
      const value = config.kind === 'clearPowerLimit' ? null : msg.payload;
      const outcome = await setpoint.hold(value);
      if (outcome.kind === 'asked') {
        this.status({ fill: 'green', shape: 'dot', text: `${value ?? 'cleared'}: ${outcome.record.state}` });
        send({ ...msg, payload: outcome.record });
      }
      if (outcome.kind !== 'refused') return done();
      this.status({ fill: 'red', shape: 'dot', text: outcome.code });
      const error = new Error(`${outcome.message} (${outcome.code})`);
      error.code = outcome.code;
      done(error);
    });
  }
  RED.nodes.registerType('commonworks-command', CommandNode);
};
