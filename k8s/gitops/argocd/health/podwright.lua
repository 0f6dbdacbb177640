-- Health of Podwright's kinds for Argo CD: what their conditions say. One script serves all kinds.
local waits_for_people_or_time = { Suspended = true, ApprovalNeeded = true, Scheduled = true }

local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready, stalled = conditions.Ready, conditions.Stalled

if ready == nil or (obj.metadata.generation ~= nil and status.observedGeneration ~= obj.metadata.generation) then
  return { status = "Progressing", message = "The operator has not looked at it yet." }
end
local message = ready.reason .. ": " .. ready.message
if stalled ~= nil and stalled.status == "True" then
  return { status = "Degraded", message = message }
end
if ready.status == "True" then
  return { status = "Healthy", message = message }
end
if waits_for_people_or_time[ready.reason] then
  return { status = "Suspended", message = message }
end
return { status = "Progressing", message = message }
