"""A SunSpec inverter served by pymodbus, so that our reader meets another implementation. Prints "ready PORT"."""
import asyncio
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusTcpServer

BASE = 40000
MODEL_103 = {14: 5432, 15: 0xFFFF, 24: 1, 25: 0, 26: 0, 33: 0x8000, 37: 0xFFFF, 38: 4}
MODEL_123 = {5: 10000, 9: 0, 23: 0xFFFE}


def sunspec_map():
    words = [0x5375, 0x6E53]
    for model, length, points in ((1, 66, {}), (103, 50, MODEL_103), (123, 24, MODEL_123)):
        block = [0xFFFF] * (length + 2)
        block[0:2] = [model, length]
        for offset, word in points.items():
            block[offset] = word
        words += block
    return words + [0xFFFF, 0]


async def main():
    # One more than the wire's address: pymodbus counts the addresses of a block from 1.
    holding = ModbusSequentialDataBlock(BASE + 1, sunspec_map())
    context = ModbusServerContext(slaves={1: ModbusSlaveContext(hr=holding)}, single=False)
    server = ModbusTcpServer(context, address=("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve_forever())
    await server.serving
    print("ready", server.server.sockets[0].getsockname()[1])
    sys.stdout.flush()
    await serving


asyncio.run(main())
