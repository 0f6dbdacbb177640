-- Health of KubeRay's RayService for Argo CD. Its condition Ready only means that there are endpoints; every Serve
-- application must run too.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready, upgrade = conditions.Ready, conditions.UpgradeInProgress

if ready == nil or (obj.metadata.generation ~= nil and status.observedGeneration ~= obj.metadata.generation) then
  return { status = "Progressing", message = "KubeRay has not looked at it yet." }
end
if ready.reason == "InitializingTimeout" then
  return { status = "Degraded", message = "KubeRay gave it up: " .. ready.message .. " Delete it to start anew." }
end

local running, waiting = 0, nil
for _, service in ipairs({ status.activeServiceStatus or {}, status.pendingServiceStatus or {} }) do
  for name, application in pairs(service.applicationStatuses or {}) do
    local told = name .. " is " .. (application.status or "unknown")
    if application.message ~= nil and application.message ~= "" then
      told = told .. ": " .. application.message
    end
    if application.status == "DEPLOY_FAILED" or application.status == "UNHEALTHY" then
      return { status = "Degraded", message = told }
    elseif application.status == "RUNNING" then
      running = running + 1
    else
      waiting = told
    end
  end
end
if upgrade ~= nil and upgrade.status == "True" then
  return { status = "Progressing", message = waiting or "A new cluster starts beside the one that serves." }
end
if ready.status == "True" and running > 0 and waiting == nil then
  return { status = "Healthy", message = "Every Serve application runs." }
end
return { status = "Progressing", message = waiting or ready.message }
