#!/usr/bin/env ruby
# A broadcast node: every 200 ms each node sends each other one what that has not confirmed.
require 'json'
require 'set'

$stdout.sync = true
$lock = Mutex.new
$values = Set.new
$missing = {}

def send_to(dest, body) = $stdout.write(JSON.generate({ src: $me, dest: dest, body: body }) + "\n")

def add(value) = $values.add?(value) && $missing.each_value { |set| set.add(value) }

def gossip
  loop do
    sleep 0.2
    $lock.synchronize do
      $missing.each { |node, set| send_to(node, { type: 'gossip', values: set.to_a }) unless set.empty? }
    end
  end
end

def handle(src, body)
  reply = { type: "#{body['type']}_ok", in_reply_to: body['msg_id'] }
  case body['type']
  when 'init'
    $me = body['node_id']
    (body['node_ids'] - [$me]).each { |node| $missing[node] = Set.new }
    Thread.new { gossip }
  when 'broadcast' then add(body['message'])
  when 'read' then reply[:messages] = $values.to_a
  when 'gossip'
    body['values'].each { |value| add(value) }
    return send_to(src, { type: 'got', values: body['values'] })
  when 'got' then return $missing[src].subtract(body['values'])
  end
  send_to(src, reply)
end

while (line = $stdin.gets)
  message = JSON.parse(line)
  $lock.synchronize { handle(message['src'], message['body']) }
end
