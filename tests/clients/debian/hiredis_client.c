/* hiredis: hiredis_client HOST PORT standalone|cluster. Speaks RESP through hiredis's
 * own formatting and reader; in a cluster it follows MOVED by itself. */
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *host;
static int port;
static int failed;
static char why[512];

static redisContext *connect_to(const char *where, int number) {
  struct timeval limit = {10, 0};
  redisContext *c = redisConnectWithTimeout(where, number, limit);
  if (c == NULL || c->err) {
    printf("FAIL start: no connection to %s:%d\n", where, number);
    exit(1);
  }
  redisSetTimeout(c, limit);
  return c;
}

/* The reply to a command, after following one redirection. */
static redisReply *ask(const char *format, ...) {
  char *command;
  va_list arguments;
  va_start(arguments, format);
  int length = redisvFormatCommand(&command, format, arguments);
  va_end(arguments);
  char where[128];
  int number = port;
  snprintf(where, sizeof where, "%s", host);
  redisReply *reply = NULL;
  for (int hop = 0; hop < 2; ++hop) {
    redisContext *c = connect_to(where, number);
    redisAppendFormattedCommand(c, command, (size_t)length);
    if (redisGetReply(c, (void **)&reply) != REDIS_OK) {
      snprintf(why, sizeof why, "no reply: %s", c->errstr);
      redisFree(c);
      break;
    }
    redisFree(c);
    if (reply->type != REDIS_REPLY_ERROR || strncmp(reply->str, "MOVED ", 6) != 0) break;
    char *address = strrchr(reply->str, ' ') + 1;
    char *colon = strrchr(address, ':');
    number = atoi(colon + 1);
    snprintf(where, sizeof where, "%.*s", (int)(colon - address), address);
    freeReplyObject(reply);
    reply = NULL;
  }
  redisFreeCommand(command);
  return reply;
}

static int integer(redisReply *r, long long wanted) {
  int ok = r != NULL && r->type == REDIS_REPLY_INTEGER && r->integer == wanted;
  if (!ok) snprintf(why, sizeof why, "type %d, %lld, %s; wanted %lld", r ? r->type : 0, r ? r->integer : 0, r && r->str ? r->str : "", wanted);
  if (r) freeReplyObject(r);
  return ok;
}

static int text(redisReply *r, const char *wanted) {
  int ok = r != NULL && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS) && strcmp(r->str, wanted) == 0;
  if (!ok) snprintf(why, sizeof why, "type %d, %s; wanted %s", r ? r->type : 0, r && r->str ? r->str : "", wanted);
  if (r) freeReplyObject(r);
  return ok;
}

static int elements(redisReply *r, size_t wanted) {
  int ok = r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements == wanted;
  if (!ok) snprintf(why, sizeof why, "type %d, %zu elements, %s; wanted %zu", r ? r->type : 0, r ? r->elements : 0, r && r->str ? r->str : "", wanted);
  if (r) freeReplyObject(r);
  return ok;
}

static int strings(void) {
  return text(ask("SET s %b EX 100", "a\0b", (size_t)3), "OK") && integer(ask("STRLEN s"), 3) &&
         integer(ask("INCRBY n 5"), 5) && elements(ask("MGET {s}a {s}b"), 2);
}
static int hashes(void) { return integer(ask("HSET h a 1 b 2"), 2) && elements(ask("HGETALL h"), 4) && text(ask("HGET h b"), "2"); }
static int lists(void) { return integer(ask("RPUSH {l}a x y z"), 3) && text(ask("LMOVE {l}a {l}b LEFT RIGHT"), "x") && elements(ask("LRANGE {l}a 0 -1"), 2); }
static int sets(void) { return integer(ask("SADD {t}a 1 2 3"), 3) && integer(ask("SADD {t}b 2 3 4"), 3) && elements(ask("SINTER {t}a {t}b"), 2); }
static int sorted_sets(void) { return integer(ask("ZADD z 1 one 2.5 two"), 2) && text(ask("ZSCORE z two"), "2.5") && elements(ask("ZRANGE z 0 -1 WITHSCORES"), 4); }
static int streams(void) { return text(ask("XADD x 1-1 f v"), "1-1") && text(ask("XGROUP CREATE x g 0"), "OK") && elements(ask("XREADGROUP GROUP g c STREAMS x >"), 1) && integer(ask("XACK x g 1-1"), 1); }
static int geo(void) { return integer(ask("GEOADD geo 13.361389 38.115556 Palermo"), 1) && elements(ask("GEOSEARCH geo FROMLONLAT 13 38 BYRADIUS 100 km"), 1); }
static int hyperloglog(void) { return integer(ask("PFADD p a b c"), 1) && integer(ask("PFCOUNT p"), 3); }
static int bitmaps(void) { return integer(ask("SETBIT bits 7 1"), 0) && integer(ask("BITCOUNT bits"), 1); }
static int blocking(void) { return integer(ask("RPUSH {q}b job"), 1) && elements(ask("BLPOP {q}a {q}b 5"), 2); }
static int scripts(void) { return text(ask("EVAL %s 1 e %s", "return redis.call('SET', KEYS[1], ARGV[1])", "v"), "OK"); }

static int transactions(void) {
  redisContext *c = connect_to(host, port);
  const char *commands[] = {"MULTI", "PING", "PING", "EXEC"};
  for (int i = 0; i < 4; ++i) redisAppendCommand(c, commands[i]);
  redisReply *r = NULL;
  int ok = 1;
  for (int i = 0; i < 3; ++i) {
    redisGetReply(c, (void **)&r);
    ok = text(r, i == 0 ? "OK" : "QUEUED") && ok;
  }
  redisGetReply(c, (void **)&r);
  ok = elements(r, 2) && ok;
  redisFree(c);
  return ok;
}

static int pubsub(void) {
  redisContext *c = connect_to(host, port);
  int ok = elements(redisCommand(c, "SUBSCRIBE news"), 3) && integer(ask("PUBLISH news hello"), 1);
  redisReply *r = NULL;
  if (ok) redisGetReply(c, (void **)&r);
  ok = ok && r != NULL && r->elements == 3 && strcmp(r->element[2]->str, "hello") == 0;
  if (r) freeReplyObject(r);
  redisFree(c);
  return ok;
}

static void check(const char *name, const char *command, int (*run)(void)) {
  redisReply *r = ask("COMMAND INFO %s", command);
  int known = r != NULL && r->elements == 1 && r->element[0]->type == REDIS_REPLY_ARRAY;
  if (r) freeReplyObject(r);
  why[0] = 0;
  if (!known) {
    printf("skip %s: the server lacks %s\n", name, command);
  } else if (run()) {
    printf("ok %s\n", name);
  } else {
    failed = 1;
    printf("FAIL %s: %s\n", name, why);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  host = argv[1];
  port = atoi(argv[2]);
  check("strings", "set", strings);
  check("hashes", "hset", hashes);
  check("lists", "lmove", lists);
  check("sets", "sadd", sets);
  check("sorted_sets", "zadd", sorted_sets);
  check("streams", "xadd", streams);
  check("geo", "geosearch", geo);
  check("hyperloglog", "pfadd", hyperloglog);
  check("bitmaps", "setbit", bitmaps);
  check("blocking", "blpop", blocking);
  check("transactions", "exec", transactions);
  if (strcmp(argv[3], "standalone") == 0) check("pubsub", "subscribe", pubsub);
  check("scripts", "eval", scripts);
  return failed;
}
