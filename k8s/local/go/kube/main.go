// Command kube is every Kubernetes program of the local cluster in one binary, which runs as the one that it is called.
//
// One binary links the packages that all of them share once: a fifth of the size and the link time of separate ones.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var programs = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kube-proxy":              kubeproxy.NewProxyCommand,
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"cri":                     newCRICommand,
}

func main() {
	name := filepath.Base(os.Args[0])
	if name == "kubectl" {
		kubectlutil.BehaviorOnFatal(func(message string, code int) {
			fmt.Fprint(os.Stderr, message)
			os.Exit(code)
		})
		os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
	}
	command, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "kube: call it by the name of a program it holds (kubectl, kubelet, ...), not %q\n", name)
		os.Exit(2)
	}
	os.Exit(cli.Run(command()))
}
