// Command health says how GitOps tools judge objects, with their own libraries: Argo CD's, whose Lua scripts come as its
// ConfigMap holds them, and kstatus, which Flux and kpt judge by.
//
// Standard input: {"scripts": {"GROUP/KIND": "…"}, "objects": […]}. Standard output: a list with, for each object,
// {"argocd": {"status", "message"}, "kstatus": {"status", "message"}}.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kstatus "sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type question struct {
	Scripts map[string]string `json:"scripts"`
	Objects []json.RawMessage `json:"objects"`
}

type judgement struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type answer struct {
	ArgoCD  judgement `json:"argocd"`
	Kstatus judgement `json:"kstatus"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	overrides := lua.ResourceHealthOverrides{}
	for key, script := range asked.Scripts {
		overrides[key] = v1alpha1.ResourceOverride{HealthLua: script}
	}
	answers := make([]answer, 0, len(asked.Objects))
	for _, content := range asked.Objects {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(content); err != nil {
			return err
		}
		judged, err := health.GetResourceHealth(object, overrides)
		if err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
		if judged == nil {
			return fmt.Errorf("%s %s: no script judges it", object.GetKind(), object.GetName())
		}
		computed, err := kstatus.Compute(object)
		if err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
		answers = append(answers, answer{
			ArgoCD:  judgement{string(judged.Status), judged.Message},
			Kstatus: judgement{string(computed.Status), computed.Message},
		})
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}
