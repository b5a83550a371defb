<?php
// php-redis: php php_redis.php HOST PORT standalone|cluster
[, $host, $port, $mode] = $argv;
$node = new Redis();
$node->connect($host, (int)$port);
function connect() {
    global $host, $port, $mode;
    if ($mode === 'cluster') return new RedisCluster(null, ["$host:$port"], 5, 5);
    $r = new Redis();
    $r->connect($host, (int)$port);
    return $r;
}
$r = connect();
function equal($found, $wanted) {
    if ($found !== $wanted) throw new Exception(var_export($found, true) . ' instead of ' . var_export($wanted, true));
}
$checks = [
    'strings' => ['set', function () use ($r) {
        equal($r->set('s', 'Grüße', ['ex' => 100]), true);
        equal($r->get('s'), 'Grüße');
        equal($r->set('s', 'x', ['nx']), false);
        equal($r->incrBy('n', 5), 5);
        equal($r->incrByFloat('f', 2.5), 2.5);
        equal($r->mGet(['{s}a', '{s}b']), [false, false]);
        equal($r->lPush('s', 'x'), false);
        equal(strpos($r->getLastError(), 'WRONGTYPE'), 0);
    }],
    'hashes' => ['hset', function () use ($r) {
        equal($r->hMSet('h', ['a' => 1, 'b' => 2]), true);
        equal($r->hGetAll('h'), ['a' => '1', 'b' => '2']);
        equal($r->hIncrBy('h', 'a', 4), 5);
        $found = [];
        $cursor = null;
        while ($part = $r->hScan('h', $cursor)) $found += $part;
        ksort($found);
        equal($found, ['a' => '5', 'b' => '2']);
    }],
    'lists' => ['rpush', function () use ($r) {
        equal($r->rPush('{l}a', 'x', 'y', 'z'), 3);
        equal($r->rpoplpush('{l}a', '{l}b'), 'z');
        equal($r->lRange('{l}a', 0, -1), ['x', 'y']);
    }],
    'sets' => ['sadd', function () use ($r) {
        equal($r->sAdd('{t}a', '1', '2', '3'), 3);
        $r->sAdd('{t}b', '2', '3', '4');
        $both = $r->sInter('{t}a', '{t}b');
        sort($both);
        equal($both, ['2', '3']);
    }],
    'sorted_sets' => ['zadd', function () use ($r) {
        equal($r->zAdd('z', 1, 'one', 2.5, 'two'), 2);
        equal($r->zRange('z', 0, -1, true), ['one' => 1.0, 'two' => 2.5]);
        equal($r->zRangeByScore('z', '(1', '+inf'), ['two']);
    }],
    'streams' => ['xadd', function () use ($r) {
        $id = $r->xAdd('x', '*', ['f' => 'v']);
        equal($r->xRange('x', '-', '+'), [$id => ['f' => 'v']]);
        equal($r->xGroup('CREATE', 'x', 'g', '0'), true);
        equal($r->xReadGroup('g', 'c', ['x' => '>']), ['x' => [$id => ['f' => 'v']]]);
        equal($r->xPending('x', 'g')[0], 1);
        equal($r->xAck('x', 'g', [$id]), 1);
    }],
    'geo' => ['geoadd', function () use ($r) {
        equal($r->geoAdd('geo', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'), 2);
        equal(round($r->geoDist('geo', 'Palermo', 'Catania', 'km')), 166.0);
        equal($r->geoRadius('geo', 15, 37, 100, 'km'), ['Catania']);
    }],
    'hyperloglog' => ['pfadd', function () use ($r) {
        $r->pfAdd('p', ['a', 'b', 'c']);
        equal($r->pfCount('p'), 3);
    }],
    'bitmaps' => ['setbit', function () use ($r) {
        equal($r->setBit('bits', 7, true), 0);
        equal($r->bitCount('bits'), 1);
    }],
    'blocking' => ['blpop', function () use ($r) {
        $pid = pcntl_fork();
        if ($pid === 0) {
            usleep(200000);
            connect()->rPush('{q}b', 'job');
            posix_kill(getmypid(), SIGKILL);  // without the parent's destructors
        }
        equal($r->blPop(['{q}a', '{q}b'], 5), ['{q}b', 'job']);
        pcntl_waitpid($pid, $status);
    }],
    'transactions' => ['exec', function () use ($r, $node, $mode) {
        equal($r->multi()->set('{m}a', 1)->incr('{m}a')->get('{m}a')->exec(), [true, 2, '2']);
        if ($mode === 'cluster') return;
        $r->watch('{m}a');
        $node->set('{m}a', 'changed');
        equal($r->multi()->set('{m}a', 'mine')->exec(), false);
    }],
    'pubsub' => ['subscribe', function () use ($host, $port) {
        $pid = pcntl_fork();
        if ($pid === 0) {
            $publisher = new Redis();
            $publisher->connect($host, (int)$port);
            for ($i = 0; $i < 50 && $publisher->publish('news', 'hello') === 0; ++$i) usleep(100000);
            posix_kill(getmypid(), SIGKILL);
        }
        $listener = new Redis();
        $listener->connect($host, (int)$port, 10);
        $got = null;
        $listener->setOption(Redis::OPT_READ_TIMEOUT, 10);
        try {
            $listener->subscribe(['news'], function ($l, $channel, $message) use (&$got) {
                $got = "$channel=$message";
                $l->close();  // the way out of subscribe()
            });
        } catch (RedisException $closed) {
        }
        pcntl_waitpid($pid, $status);
        equal($got, 'news=hello');
    }],
    'scripts' => ['eval', function () use ($r) {
        equal($r->eval("return redis.call('INCRBY', KEYS[1], ARGV[1])", ['{e}n', 4], 1), 4);
        equal($r->evalSha(sha1("return redis.call('INCRBY', KEYS[1], ARGV[1])"), ['{e}n', 4], 1), 8);
    }],
];
$failed = 0;
foreach ($checks as $name => [$command, $check]) {
    if (!$node->rawCommand('COMMAND', 'INFO', $command)[0]) {
        echo "skip $name: the server lacks $command\n";
        continue;
    }
    try {
        $check();
        echo "ok $name\n";
    } catch (Throwable $error) {
        $failed = 1;
        echo "FAIL $name: $error\n";
    }
}
exit($failed);
