# ruby-redis: ruby ruby_redis.rb HOST PORT standalone|cluster
require 'redis'
require 'digest'

HOST, PORT, MODE = ARGV
def connect
  return Redis.new(cluster: ["redis://#{HOST}:#{PORT}"]) if MODE == 'cluster'
  Redis.new(host: HOST, port: PORT.to_i)
end
R = connect
NODE = Redis.new(host: HOST, port: PORT.to_i)

def equal(found, wanted)
  raise "#{found.inspect} instead of #{wanted.inspect}" unless found == wanted
end

def later
  Thread.new { sleep 0.2; yield connect }
end

CHECKS = {
  strings: ['getex', lambda {
    equal R.set('s', 'Grüße', ex: 100), 'OK'
    equal R.get('s').force_encoding('UTF-8'), 'Grüße'
    equal R.set('s', 'x', nx: true), false
    equal R.incrbyfloat('f', 2.5), 2.5
    equal R.mapped_mget('{s}a', '{s}b'), { '{s}a' => nil, '{s}b' => nil }
    begin
      R.lpush('s', 'x')
      raise 'no error'
    rescue Redis::CommandError => e
      raise e unless e.message.start_with?('WRONGTYPE')
    end
  }],
  hashes: ['hset', lambda {
    equal R.hset('h', 'a' => 1, 'b' => 2), 2
    equal R.hgetall('h'), { 'a' => '1', 'b' => '2' }
    equal R.hscan_each('h').to_h, { 'a' => '1', 'b' => '2' }
  }],
  lists: ['lmove', lambda {
    equal R.rpush('{l}a', %w[x y z]), 3
    equal R.lmove('{l}a', '{l}b', 'LEFT', 'RIGHT'), 'x'
    equal R.lpop('{l}a', 2), %w[y z]
  }],
  sets: ['sadd', lambda {
    equal R.sadd('{t}a', %w[1 2 3]), 3
    R.sadd('{t}b', %w[2 3 4])
    equal R.sinter('{t}a', '{t}b').sort, %w[2 3]
  }],
  sorted_sets: ['zadd', lambda {
    equal R.zadd('z', [[1, 'one'], [2.5, 'two']]), 2
    equal R.zrange('z', 0, -1, with_scores: true), [['one', 1.0], ['two', 2.5]]
    equal R.zrangebyscore('z', '(1', '+inf'), ['two']
  }],
  streams: ['xreadgroup', lambda {
    id = R.xadd('x', { f: 'v' })
    R.xgroup(:create, 'x', 'g', '0')
    equal R.xreadgroup('g', 'c', 'x', '>'), { 'x' => [[id, { 'f' => 'v' }]] }
    equal R.xpending('x', 'g')['size'], 1
    equal R.xack('x', 'g', id), 1
  }],
  geo: ['geoadd', lambda {
    R.geoadd('geo', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania')
    equal R.geodist('geo', 'Palermo', 'Catania', 'km').to_f.round, 166
  }],
  hyperloglog: ['pfadd', lambda {
    equal R.pfadd('p', %w[a b c]), true
    equal R.pfcount('p'), 3
  }],
  bitmaps: ['setbit', lambda {
    equal R.setbit('bits', 7, 1), 0
    equal R.bitcount('bits'), 1
  }],
  blocking: ['blpop', lambda {
    thread = later { |other| other.rpush('{q}b', 'job') }
    equal R.blpop('{q}a', '{q}b', timeout: 5), ['{q}b', 'job']
    thread.join
  }],
  transactions: ['exec', lambda {
    if MODE == 'cluster'
      equal R.multi { |m| m.set('{m}a', 1); m.incr('{m}a') }, ['OK', 2]
    else
      equal R.multi { |m| m.set('{m}a', 1); m.incr('{m}a'); m.get('{m}a') }, ['OK', 2, '2']
      changed = R.watch('{m}a') { NODE.set('{m}a', 'changed'); R.multi { |m| m.set('{m}a', 'mine') } }
      equal changed, nil
    end
  }],
  pubsub: ['subscribe', lambda {
    got = nil
    thread = Thread.new { 50.times { sleep 0.1; break if NODE.publish('news', 'hello') > 0 } }
    listener = Redis.new(host: HOST, port: PORT.to_i, timeout: 10)
    listener.subscribe('news') do |on|
      on.message { |channel, message| got = "#{channel}=#{message}"; listener.unsubscribe('news') }
    end
    thread.join
    equal got, 'news=hello'
  }],
  scripts: ['eval', lambda {
    script = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
    equal R.eval(script, keys: ['{e}n'], argv: [4]), 4
    equal R.evalsha(Digest::SHA1.hexdigest(script), keys: ['{e}n'], argv: [4]), 8
  }],
}

failed = false
CHECKS.each do |name, (command, check)|
  if NODE.call('COMMAND', 'INFO', command).first.nil?
    puts "skip #{name}: the server lacks #{command}"
    next
  end
  begin
    check.call
    puts "ok #{name}"
  rescue StandardError => e
    failed = true
    puts "FAIL #{name}: #{e.full_message(highlight: false)}"
  end
end
exit(failed ? 1 : 0)
