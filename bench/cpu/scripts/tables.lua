-- Tables, strings and closures: a graph's shortest ways, words counted and sorted, numbers from generators.
local rounds = tonumber(arg[1])

local state = 1
local function random(limit)
  state = (state * 1664525 + 1013904223) % 4294967296
  return (state >> 8) % limit
end

-- Dijkstra's algorithm over a grid, with a heap of its own.
local function ways(size)
  local cost, least, heap = {}, {}, {}
  for i = 1, size * size do
    cost[i] = 1 + random(9)
    least[i] = math.huge
  end
  local function push(at, length)
    local i = #heap + 1
    heap[i] = { at = at, length = length }
    while i > 1 and heap[i // 2].length > heap[i].length do
      heap[i], heap[i // 2] = heap[i // 2], heap[i]
      i = i // 2
    end
  end
  local function pop()
    local top, last = heap[1], table.remove(heap)
    if #heap > 0 then
      heap[1] = last
      local i = 1
      while true do
        local child = 2 * i
        if child > #heap then break end
        if child < #heap and heap[child + 1].length < heap[child].length then child = child + 1 end
        if heap[i].length <= heap[child].length then break end
        heap[i], heap[child] = heap[child], heap[i]
        i = child
      end
    end
    return top
  end
  least[1] = 0
  push(1, 0)
  while #heap > 0 do
    local here = pop()
    if here.length == least[here.at] then
      local column = (here.at - 1) % size
      for _, step in ipairs({ -1, 1, -size, size }) do
        local there = here.at + step
        local wraps = (step == -1 and column == 0) or (step == 1 and column == size - 1)
        if cost[there] and not wraps and here.length + cost[there] < least[there] then
          least[there] = here.length + cost[there]
          push(there, least[there])
        end
      end
    end
  end
  return least[size * size]
end

local function words(count)
  local parts = {}
  for i = 1, count do parts[i] = string.char(97 + random(26), 97 + random(26)) .. random(30) end
  local text = table.concat(parts, " ")
  local seen, order = {}, {}
  for word in text:gmatch("%S+") do
    if not seen[word] then order[#order + 1] = word end
    seen[word] = (seen[word] or 0) + 1
  end
  table.sort(order, function(a, b)
    if seen[a] ~= seen[b] then return seen[a] > seen[b] end
    return a < b
  end)
  return #order, order[1], seen[order[1]], (text:gsub("a%d+", "")):len()
end

local function compose(functions)
  return function(x)
    for _, f in ipairs(functions) do x = f(x) end
    return x
  end
end

local function closures(count)
  local functions = {}
  for i = 1, 10 do functions[i] = function(x) return (x * i + 7) % 65521 end end
  local all, sum = compose(functions), 0
  for i = 1, count do sum = sum + all(i) end
  return sum
end

for round = 1, rounds do print(ways(90), closures(20000), words(20000)) end
