"""Reads the demo's wires with pymodbus, a client we did not write, and prints what it saw as JSON."""
import json
import struct
import sys

from pymodbus.client import ModbusTcpClient
from pymodbus.framer.rtu_framer import ModbusRtuFramer


def words_to_bytes(registers):
    return struct.pack(">%dH" % len(registers), *registers)


def sdm(client, unit):
    reply = client.read_input_registers(0x00, 0x4C, unit)
    assert not reply.isError(), reply
    block = words_to_bytes(reply.registers)
    at = lambda address: struct.unpack_from(">f", block, address * 2)[0]
    return {"importKwh": at(0x48), "exportKwh": at(0x4A), "voltage": at(0x00), "frequency": at(0x46), "powerW": at(0x0C), "totalW": at(0x34)}


def sunspec(client):
    marker = words_to_bytes(client.read_holding_registers(40000, 2, 1).registers)
    assert marker == b"SunS", marker
    models, at = {}, 40002
    while len(models) < 20:
        model, length = client.read_holding_registers(at, 2, 1).registers
        if model == 0xFFFF:
            break
        registers = []
        for offset in range(0, length, 100):
            registers += client.read_holding_registers(at + 2 + offset, min(100, length - offset), 1).registers
        models[model] = {"at": at, "bytes": words_to_bytes([model, length] + registers)}
        at += 2 + length
    return models


def field(model, layout, offset):
    return struct.unpack_from(layout, model["bytes"], offset * 2)[0]


ports = json.loads(sys.argv[1])
seen = {"meters": {}}
for line, units in (("homesLine", json.loads(sys.argv[2])), ("workshopLine", {"laser-1": 1, "cnc-1-meter": 3})):
    client = ModbusTcpClient("127.0.0.1", ports[line], framer=ModbusRtuFramer, timeout=5)
    assert client.connect()
    for device, unit in units.items():
        seen["meters"][device] = sdm(client, unit)
    if line == "workshopLine":
        seen["relayBefore"] = client.read_coils(0, 1, 2).bits[0]
        assert not client.write_coil(0, False, 2).isError()
        seen["relayAfter"] = client.read_coils(0, 1, 2).bits[0]
        seen["oddCoil"] = client.write_coil(7, True, 2).exception_code
    client.close()

client = ModbusTcpClient("127.0.0.1", ports["pv"], timeout=5)
assert client.connect()
models = sunspec(client)
seen["inverterModels"] = list(models)
measured, control = models[103], models[123]
seen["pvW"] = field(measured, ">h", 14) * 10 ** field(measured, ">h", 15)
seen["pvWh"] = field(measured, ">I", 24) * 10 ** field(measured, ">h", 26)
seen["maker"] = models[1]["bytes"][4:36].rstrip(b"\0").decode()
limit = 12.5
raw = round(limit / 10 ** field(control, ">h", 23))
for offset, value in ((5, raw), (7, 300), (9, 1)):
    assert not client.write_registers(control["at"] + offset, [value], 1).isError()
control = sunspec(client)[123]
seen["limitPct"] = field(control, ">H", 5) * 10 ** field(control, ">h", 23)
seen["isLimited"] = field(control, ">H", 9) == 1
seen["refused"] = client.write_registers(40070, [1], 1).exception_code
seen["tooMuch"] = client.write_registers(control["at"] + 5, [10001], 1).exception_code
seen["strangerUnit"] = client.read_holding_registers(40000, 2, 9).exception_code
client.close()

client = ModbusTcpClient("127.0.0.1", ports["battery"], timeout=5)
assert client.connect()
models = sunspec(client)
seen["batteryModels"] = list(models)
seen["dischargedWh"] = field(models[701], ">Q", 19) * 10 ** field(models[701], ">h", 120)
seen["chargedWh"] = field(models[701], ">Q", 23) * 10 ** field(models[701], ">h", 120)
seen["socPct"] = field(models[713], ">H", 4) * 10 ** field(models[713], ">h", 8)
client.close()
print(json.dumps(seen))
