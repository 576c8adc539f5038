/** Node "readings": sends a message for every live reading of one point of one device. */
const AGE_MAX_MS = 300_000;

module.exports = (RED) => {
  function ReadingsNode(config) {
    RED.nodes.createNode(this, config);
    const { readings } = RED.settings.commonworks;
    const filter = { device: config.device, point: config.point };
    if (config.edge) filter.edge = config.edge;

    const endWatch = readings.watch((state) => {
      if (state === 'connected') this.status({ fill: 'grey', shape: 'ring', text: 'waiting for a reading' });
      else this.status({ fill: 'red', shape: 'ring', text: 'no connection to the broker' });
    });
    const endSubscription = readings.subscribe(filter, (reading) => {
      const { value, quality, edge, device, point, timeMs, ageMs } = reading;
      const isUsable = (quality === 'good' || quality === 'estimated') && value !== null && ageMs <= AGE_MAX_MS;
      this.status({
        fill: isUsable ? 'green' : 'yellow',
        shape: isUsable ? 'dot' : 'ring',
        text: `${value ?? 'no value'} (${ageMs > AGE_MAX_MS ? 'old' : quality})`,
      });
      if (config.onlyUsable && !isUsable) return;
      this.send({ payload: value, topic: `${device}/${point}`, quality, isUsable, edge, device, point, timeMs });
    });
    this.on('close', () => {
      endSubscription();
      endWatch();
    });
  }
  RED.nodes.registerType('commonworks-readings', ReadingsNode);
};
