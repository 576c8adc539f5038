/* A Modbus slave made of libmodbus, so that our client meets another implementation.
 * Usage: slave tcp | slave rtu PATH. Prints "ready PORT" or "ready 0", answers until it is killed.
 * Registers: input 0x48 holds the float 1234.5 (high word first), 0x0C the float 750; coil 0 can be switched. */
#include <errno.h>
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void put_float(uint16_t *registers, int address, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  registers[address] = (uint16_t)(bits >> 16);
  registers[address + 1] = (uint16_t)bits;
}

static void serve(modbus_t *context, modbus_mapping_t *mapping) {
  uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
  for (;;) {
    int length = modbus_receive(context, query);
    if (length > 0) modbus_reply(context, query, length, mapping);
    else if (length == -1 && errno != EMBBADCRC && errno != ETIMEDOUT) return;
  }
}

static int serve_tcp(modbus_mapping_t *mapping) {
  modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  int listener = modbus_tcp_listen(context, 4);
  if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0) return 1;
  printf("ready %d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    if (modbus_tcp_accept(context, &listener) < 0) return 1;
    serve(context, mapping);
    modbus_close(context);
  }
}

static int serve_rtu(const char *path, modbus_mapping_t *mapping) {
  modbus_t *context = modbus_new_rtu(path, 115200, 'N', 8, 1);
  modbus_set_slave(context, 1);
  if (modbus_connect(context) < 0) return 1;
  printf("ready 0\n");
  fflush(stdout);
  serve(context, mapping);
  return 0;
}

int main(int count, char **words) {
  modbus_mapping_t *mapping = modbus_mapping_new(8, 8, 512, 512);
  put_float(mapping->tab_input_registers, 0x48, 1234.5f);
  put_float(mapping->tab_input_registers, 0x0c, 750.0f);
  if (count == 2 && strcmp(words[1], "tcp") == 0) return serve_tcp(mapping);
  if (count == 3 && strcmp(words[1], "rtu") == 0) return serve_rtu(words[2], mapping);
  return 2;
}
